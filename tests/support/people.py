"""People who use Soundstage through its public REST, as stories tell of them."""

import uuid
from pathlib import Path
from typing import Any, Self

import httpx

from tests.support.waiting import eventually

PASSWORD = "correct horse battery"


class Stage:
    """The gateway at `url`, and whoever comes to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def person(self, name: str = "person") -> "Person":
        """Somebody new who has just registered."""
        username = f"{name}_{uuid.uuid4().hex[:10]}"
        body = {
            "username": username,
            "email": f"{username}@example.com",
            "password": PASSWORD,
            "password_confirm": PASSWORD,
        }
        data = ok(self.http.post("/api/v1/auth/register", json=body), 201)
        return Person(self, data["user"], data["token"])

    def stranger(self) -> "Person":
        """Somebody without an account."""
        return Person(self, {}, {})


class Person:
    def __init__(self, stage: Stage, user: dict[str, Any], token: dict[str, Any]) -> None:
        self.stage, self.user, self.token = stage, user, token

    @property
    def id(self) -> str:
        return str(self.user["id"])

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request in this person's name; platform paths may leave out their base."""
        headers = dict(more.pop("headers", {}))
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token['access_token']}")
        path = path if path.startswith(("/api/", "/v1/", "/streams/", "/partner/", "/media/")) else f"/api/v1{path}"
        return self.stage.http.request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.call("POST", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:
        return self.call("PUT", path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.call("DELETE", path, **more)

    def upload(self, path: Path, *, headers: dict[str, str] | None = None, **form: str) -> dict[str, Any]:
        with path.open("rb") as file:
            files = {"file": (path.name, file)}
            answer = self.post("/tracks", files=files, data=form, headers=headers or {})
        return dict(ok(answer, 201)["track"])

    def track(self, track_id: str) -> dict[str, Any]:
        return dict(ok(self.get(f"/tracks/{track_id}"))["track"])

    def release(self, path: Path, **form: str) -> dict[str, Any]:
        """Uploads and waits until it can be played."""
        uploaded = self.upload(path, headers=None, **form)

        def processed() -> dict[str, Any] | None:
            state = ok(self.get(f"/tracks/{uploaded['id']}/status"))
            assert state["status"] != "failed", state
            return state if state["status"] == "completed" else None

        eventually(processed)
        return self.track(uploaded["id"])

    def play(self, track_id: str, seconds: int = 5, *, key: str = "", device: str | None = None) -> str:
        headers = {"Idempotency-Key": key} if key else {}
        body = {"duration": seconds} | ({"device": device} if device else {})
        return str(ok(self.post(f"/tracks/{track_id}/play", json=body, headers=headers))["id"])


def ok(answer: httpx.Response, status: int = 200) -> Any:
    """The `data` of a wrapped success; says what came instead."""
    assert answer.status_code == status, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    )
    body = answer.json()
    assert body["success"] is True
    return body["data"]


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error of a platform or audience answer."""
    assert answer.status_code == status, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    )
    body = answer.json()
    assert body["success"] is False
    assert body["error"]["code"] == code, body
    return dict(body["error"])
