"""A client of the running gateway: JSON in and out, retries after 429, every error in one line."""

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
        must(bool(ADDRESS.fullmatch(self.url)), f"{url} is not the address of a gateway, such as http://127.0.0.1:8080")
        # No proxy between this machine and itself.
        self._http = httpx.Client(base_url=self.url, timeout=TIMEOUT_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def require_ready(self) -> None:
        """Raises LocalError unless a gateway is there and ready to serve."""
        answer = self.send("GET", "/health_check")
        if answer.status_code != 200 or b'"discovery"' not in answer.content:
            reason = f"GET /health_check answered {answer.status_code}"
            raise LocalError(f"Soundstage at {self.url} is not ready: {reason}")

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Sends a request. After a 429 it waits as long as the answer says and retries."""
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
            raise LocalError(f"no gateway answers at {self.url}: start one with `make run`, or set PORT") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise LocalError(f"{method} {self.url}{path} was interrupted: {error or type(error).__name__}") from None

    def fetch(self, url: str, status: int = 200, **headers: str) -> httpx.Response:
        """Fetches a URL without a token, as a player does."""
        return expect(self.send("GET", url, headers=headers), status)

    def chunks(self, url: str) -> Iterator[bytes]:
        """Streams a large body."""
        self.requests += 1
        try:
            with self._http.stream("GET", url) as answer:
                expect(answer, 200)
                yield from answer.iter_bytes()
        except httpx.TransportError as error:
            raise LocalError(f"GET {url} was interrupted: {error or type(error).__name__}") from None

    def register(self, name: str) -> "Person":
        """Registers a new person; names are unique, so the demo can run repeatedly."""
        username, password = f"{name}_{uuid.uuid4().hex[:8]}", secrets.token_urlsafe(12)
        names = {"username": username, "email": f"{username}@example.com"}
        body = {**names, "password": password, "password_confirm": password}
        created = data_of(self.send("POST", "/api/v1/auth/register", json=body), 201)
        return Person(self, created["user"]["id"], username, password, created["token"]["access_token"])


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
        return data_of(self.send("GET", path))

    def post(self, path: str, body: JSON | None = None, *, key: str = "", status: int = 200) -> Any:
        return data_of(self.send("POST", path, key=key, **({} if body is None else {"json": body})), status)

    def upload(self, path: Path, form: dict[str, str], sent: Callable[[int], None]) -> JSON:
        """Uploads a file and returns the new track; `sent` gets the number of bytes sent so far."""
        with Watched(path, sent) as file:
            answer = self.send("POST", "/api/v1/tracks", files={"file": (path.name, file)}, data=form)
        return dict(data_of(answer, 201)["track"])


class Watched(FileIO):
    """A file that reports how far it has been read."""

    def __init__(self, path: Path, on_read: Callable[[int], None]) -> None:
        super().__init__(path)
        self._on_read = on_read

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(-1 if size is None else size)
        self._on_read(self.tell())
        return chunk or b""


def must(is_so: bool, text: str) -> None:
    if not is_so:
        raise LocalError(text)


def expect(answer: httpx.Response, status: int) -> httpx.Response:
    if answer.status_code != status:
        where = f"{answer.request.method} {answer.request.url.path}"
        raise LocalError(f"{where} answered {answer.status_code}, expected {status}: {_reason(answer)}")
    return answer


def data_of(answer: httpx.Response, status: int = 200) -> Any:
    """The `data` of an answer from platform, audience or insights, which share an envelope."""
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
