"""Eight threads that play and like and write down what they were told."""

import http.client
import json
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from tests.chaos.ledger import Attempt, Ledger, Liking, Outcome

WRITERS = 8
ANSWER_SECONDS = 12.0
# While the system is hurt a writer waits this long between two plays, so that not all of them fall into the outage.
PAUSE_SECONDS = 0.1
MAX_PAUSE_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
EVERY_LIKE = 40
NO_ANSWER = 0
NOBODY_KNOWS = {NO_ANSWER, 409, 503}


@dataclass(frozen=True)
class Listener:
    user_id: str
    access_token: str


class Writer(threading.Thread):
    """One listener who plays `plays` times, each under a key of its own, one after the other."""

    def __init__(
        self, url: str, listener: Listener, track_ids: Sequence[str], *, plays: int, end: float, per_second: float
    ) -> None:
        super().__init__(daemon=True)
        self.ledger = Ledger()
        self._address = urlsplit(url)
        self._listener, self._track_ids, self._plays, self.end = listener, track_ids, plays, end
        self._gap_seconds = 1 / per_second if per_second else 0.0
        self._connection = self._connect()
        self._likings = {id: Liking(listener.user_id, id) for id in track_ids}

    def run(self) -> None:
        for number in range(self._plays):
            if time.monotonic() > self.end:
                break
            self._play(number)
            if number % EVERY_LIKE == 0:
                self._change_like(self._track_ids[number // EVERY_LIKE % len(self._track_ids)])
            time.sleep(self._gap_seconds)
        self.ledger.likings = list(self._likings.values())
        self._connection.close()

    def _play(self, number: int) -> None:
        track_id = self._track_ids[number % len(self._track_ids)]
        attempt = Attempt(uuid.uuid4().hex, self._listener.user_id, track_id)
        self.ledger.attempts.append(attempt)
        self._send(attempt)
        if attempt.outcome is Outcome.UNKNOWN:
            if number % 2:
                time.sleep(PAUSE_SECONDS)  # left at that: it counts once or not at all
            else:
                self._repeat(attempt)

    def _repeat(self, attempt: Attempt) -> None:
        pause, until = PAUSE_SECONDS, time.monotonic() + PATIENCE_SECONDS
        while attempt.outcome is Outcome.UNKNOWN and time.monotonic() < until:
            time.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)
            self._send(attempt)

    def _send(self, attempt: Attempt) -> None:
        headers = {"Idempotency-Key": attempt.key}
        status, answer = self._ask("POST", f"/api/v1/tracks/{attempt.track_id}/play", '{"duration":1}', headers)
        attempt.statuses.append(status)
        if status == 200:
            attempt.outcome = Outcome.OK
            attempt.play_ids.add(json.loads(answer)["data"]["id"])
        elif status not in NOBODY_KNOWS:
            attempt.outcome, attempt.said = Outcome.FAILED, answer.decode(errors="replace")[:200]

    def _change_like(self, track_id: str) -> None:
        liking, wanted = self._likings[track_id], not self._likings[track_id].is_liked
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            status, _ = self._ask("POST" if wanted else "DELETE", f"/api/v1/tracks/{track_id}/like")
            if status == 200:
                liking.is_liked = wanted
                return
            # It may still happen, even after what we do next.
            liking.is_certain = False
            time.sleep(PAUSE_SECONDS)

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        sent = {"Authorization": f"Bearer {self._listener.access_token}", **(headers or {})}
        if body:
            sent["Content-Type"] = "application/json"
        try:
            self._connection.request(method, path, body, sent)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = self._connect()
            return NO_ANSWER, b""

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=ANSWER_SECONDS)


class Writers:
    """`with Writers(...) as writers:` begins; at the end of the block they have all ended."""

    def __init__(
        self,
        url: str,
        listeners: Sequence[Listener],
        track_ids: Sequence[str],
        *,
        plays: int,
        seconds: float,
        per_second: float = 0.0,
    ) -> None:
        """`plays` together, within `seconds`; `per_second` limits each of them."""
        self._plays, end = plays, time.monotonic() + seconds
        each = -(-plays // len(listeners))
        self._threads = [
            Writer(url, listener, track_ids, plays=each, end=end, per_second=per_second) for listener in listeners
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for thread in self._threads:
            if kind is not None:
                thread.end = 0.0
            thread.join()

    @property
    def attempted(self) -> int:
        return sum(len(thread.ledger.attempts) for thread in self._threads)

    def were_told(self, status: int) -> bool:
        return any(status in attempt.statuses for attempt in self.ledger.attempts)

    def until(self, share: float) -> None:
        """Waits until that share of the plays was tried."""
        while self.attempted < share * self._plays and any(thread.is_alive() for thread in self._threads):
            time.sleep(0.005)

    @property
    def ledger(self) -> Ledger:
        return Ledger.of(thread.ledger for thread in self._threads)
