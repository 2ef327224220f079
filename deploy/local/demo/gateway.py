"""The running gateway as a client sees it: JSON in and out, patience with 429, every refusal in one line."""

import re
import secrets
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any, Self

import httpx

from deploy.local.demo.screen import Screen
from deploy.local.errors import LocalError

TIMEOUT_SECONDS = 60.0
ADDRESS = re.compile(r"https?://[\w.-]+(:\d{1,5})?", re.ASCII)
JSON = dict[str, Any]


class Gateway:
    def __init__(self, url: str, screen: Screen) -> None:
        self.url = url.rstrip("/")
        self.requests = 0
        self._screen = screen
        must(bool(ADDRESS.fullmatch(self.url)), f"{url} is no address of a gateway, as http://127.0.0.1:8080 is one")
        # No proxy stands between this machine and itself.
        self._http = httpx.Client(base_url=self.url, timeout=TIMEOUT_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def greet(self) -> None:
        """Raises LocalError unless a gateway is there that is ready to serve."""
        answer = self.send("GET", "/health_check")
        if answer.status_code != 200 or b'"discovery"' not in answer.content:
            said = f"GET /health_check answered {answer.status_code}"
            raise LocalError(f"no Soundstage is ready at {self.url}: {said}")

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any answer but 429, after which it waits as long as it was told and asks again."""
        while True:
            answer = self._send(method, path, **more)
            if answer.status_code != 429:
                return answer
            wait_seconds = answer.headers.get("retry-after", "")
            self._screen.count_down(float(wait_seconds) if wait_seconds.isdigit() else 5.0, "rate limit")

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        self.requests += 1
        try:
            return self._http.request(method, path, **more)
        except httpx.ConnectError:
            raise LocalError(f"no gateway answers at {self.url}: `make run` starts one, PORT names another") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise LocalError(f"{method} {self.url}{path} broke off: {error or type(error).__name__}") from None

    def fetch(self, url: str, status: int = 200, **headers: str) -> httpx.Response:
        """Bytes that need no token, as a player gets them."""
        return expect(self.send("GET", url, headers=headers), status)

    def chunks(self, url: str) -> Iterator[bytes]:
        """A large body as it arrives."""
        self.requests += 1
        try:
            with self._http.stream("GET", url) as answer:
                expect(answer, 200)
                yield from answer.iter_bytes()
        except httpx.TransportError as error:
            raise LocalError(f"GET {url} broke off: {error or type(error).__name__}") from None

    def register(self, name: str) -> "Person":
        """Somebody new; names are unique, so that it can be done again and again."""
        username, password = f"{name}_{uuid.uuid4().hex[:8]}", secrets.token_urlsafe(12)
        names = {"username": username, "email": f"{username}@example.com"}
        body = {**names, "password": password, "password_confirm": password}
        made = told(self.send("POST", "/api/v1/auth/register", json=body), 201)
        return Person(self, made["user"]["id"], username, password, made["token"]["access_token"])


@dataclass(frozen=True)
class Person:
    gateway: Gateway
    id: str
    username: str
    password: str
    token: str = field(repr=False)

    @property
    def name(self) -> str:
        return self.username.split("_")[0].capitalize()

    def send(self, method: str, path: str, *, key: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        return self.gateway.send(method, path, headers=headers, **more)

    def get(self, path: str) -> Any:
        return told(self.send("GET", path))

    def post(self, path: str, body: JSON | None = None, *, key: str = "", status: int = 200) -> Any:
        return told(self.send("POST", path, key=key, **({} if body is None else {"json": body})), status)

    def upload(self, path: Path, form: dict[str, str], sent: Callable[[int], None]) -> JSON:
        """The new track; `sent` hears how many bytes of the file have gone out."""
        with Watched(path, sent) as file:
            answer = self.send("POST", "/api/v1/tracks", files={"file": (path.name, file)}, data=form)
        return dict(told(answer, 201)["track"])


class Watched(FileIO):
    """A file that tells how far it has been read."""

    def __init__(self, path: Path, tell_place: Callable[[int], None]) -> None:
        super().__init__(path)
        self._tell_place = tell_place

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(-1 if size is None else size)
        self._tell_place(self.tell())
        return chunk or b""


def must(is_so: bool, text: str) -> None:
    if not is_so:
        raise LocalError(text)


def expect(answer: httpx.Response, status: int) -> httpx.Response:
    if answer.status_code != status:
        where = f"{answer.request.method} {answer.request.url.path}"
        raise LocalError(f"{where} answered {answer.status_code} where {status} was due: {_reason(answer)}")
    return answer


def told(answer: httpx.Response, status: int = 200) -> Any:
    """The `data` of platform, audience and insights, which wrap alike."""
    return expect(answer, status).json()["data"]


def _reason(answer: httpx.Response) -> str:
    try:
        answer.read()
        body = answer.json()
        error = body["error"]
        if isinstance(error, str):
            return f"{error}: {body['message']}"
        details = [f"{one['field']} {one['message']}" for one in error["details"] if one["message"] != error["message"]]
        return ", ".join([f"{error['code']}: {error['message']}", *details])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200] or "no body"
