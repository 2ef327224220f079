"""The stream as players fetch it, and what they report: plays through three contracts, and likes."""

from datetime import datetime
from math import ceil
from uuid import UUID, uuid4

from hashids import Hashids

from deploy.local.demo import hls
from deploy.local.demo.gateway import JSON, Person, expect, must
from deploy.local.demo.ledger import Play
from deploy.local.demo.stage import MIB, Stage

# Which listener hears how much of the track, and on which device.
EVENING = (
    (0, 1.0, "Radio"),
    (0, 1.0, "Phone"),
    (0, 0.5, "Phone"),
    (1, 1.0, "Laptop"),
    (1, 0.25, "Phone"),
    (2, 0.1, "Laptop"),
)
# Listeners whose players also report to the audience contract.
REPORTING = (0, 1)
REPEATS = 3
MAX_SECONDS = 86_400
# The salt that clients of the discovery contract use.
DISCOVERY_IDS = Hashids(salt="azowernasdfoia", min_length=5)


def fetch_stream(stage: Stage) -> None:
    stage.screen.step("The stream, as an HLS player fetches it")
    found = hls.renditions(stage.gateway, stage.track["hls_url"], stage.seconds)
    counted = f"{len(found)} renditions of {len(found[0].segments)} aligned segments"
    stage.screen.say(f"multivariant playlist: {counted}")
    for rendition in found:
        _fetch_rendition(stage, rendition)


def _fetch_rendition(stage: Stage, rendition: hls.Rendition) -> None:
    path = stage.folder / "rendition.mp4"
    parts, total = 0, 0
    with stage.screen.bar("fetching", len(rendition.parts)) as advance:

        def fetched(size: int) -> None:
            nonlocal parts, total
            parts, total = parts + 1, total + size
            advance(parts, f"{rendition.name}, {total / MIB:.1f} MiB")

        hls.join(stage.gateway, rendition, path, fetched)
    hls.check_ranges(stage.gateway, rendition.parts[-1])
    played = hls.check_length(path, stage.seconds)
    kbits = total * 8 / stage.seconds / 1000
    stage.screen.say(f"{rendition.name}: {kbits:.0f} kbit/s, decodes to {played:.3f} s, ranges are correct")


def play_and_like(stage: Stage) -> None:
    stage.screen.step("Plays and likes")
    _play(stage)
    _stream_in_discovery(stage)
    _report(stage)
    _like(stage)


def _play(stage: Stage) -> None:
    path = f"/api/v1/tracks/{stage.track['id']}/play"
    with stage.screen.bar("playing", len(EVENING)) as advance:
        for number, (who, share, device) in enumerate(EVENING, start=1):
            listener = stage.listeners[who]
            seconds = min(MAX_SECONDS, ceil(stage.seconds) if share == 1 else int(stage.seconds * share))
            _once(listener, path, {"duration": seconds, "device": device}, 200, REPEATS if number == 1 else 1)
            stage.ledger.plays.append(Play(listener.username, seconds, device))
            advance(number, f"{listener.name}, {seconds} s")
    stage.screen.say(f"{len(EVENING)} plays sent to platform, the first {REPEATS} times with one key")


def _once(person: Person, path: str, body: JSON, status: int, times: int) -> JSON:
    """Sends the same play several times with one key; it must stay one play."""
    key = str(uuid4())
    answers = [person.post(path, body, key=key, status=status) for _ in range(times)]
    must(len({answer["id"] for answer in answers}) == 1, "a repeated key created another play")
    return dict(answers[0])


def _stream_in_discovery(stage: Stage) -> None:
    path = f"/v1/tracks/{DISCOVERY_IDS.encode(stage.track['number'])}/stream"
    whole = stage.gateway.fetch(path)
    stage.ledger.plays.append(Play())
    must(whole.headers["content-type"] == "audio/mpeg", f"{path} has the type {whole.headers['content-type']}")
    mp3 = stage.folder / "stream.mp3"
    mp3.write_bytes(whole.content)
    played, _ = hls.decode(mp3)
    must(abs(played - stage.seconds) < 0.2, f"{path} decodes to {played:.3f} s instead of {stage.seconds:.3f} s")
    middle = len(whole.content) // 2
    rest = stage.gateway.fetch(path, 206, Range=f"bytes={middle}-")
    again = stage.gateway.fetch(f"{path}?skip_play_count=true")
    must(
        (again.content, rest.content) == (whole.content, whole.content[middle:]),
        f"{path} answers different bytes",
    )
    stage.screen.say(
        "1 anonymous stream through discovery; then a seek and a fetch with skip_play_count, which do not count"
    )


def _report(stage: Stage) -> None:
    """The last plays, because these answers say when the server recorded them."""
    ledger = stage.ledger
    for listener in (stage.listeners[who] for who in REPORTING):
        body = {"track_id": UUID(stage.track["id"]).hex, "user_id": listener.id}
        recorded = _once(listener, "/streams/v1/audience", body, 201, REPEATS)
        ledger.plays.append(Play(listener.username))
        ledger.last_play_at = max(ledger.last_play_at, datetime.fromisoformat(recorded["recorded_at"]))
    stage.screen.say(f"{len(REPORTING)} streams reported to the audience contract, each {REPEATS} times with one key")


def _like(stage: Stage) -> None:
    path = f"/api/v1/tracks/{stage.track['id']}/like"
    first, *_, last = stage.listeners
    for listener in (*stage.listeners, first):
        listener.post(path)
    expect(last.send("DELETE", path), 200)
    stage.ledger.likes = {listener.username for listener in stage.listeners if listener is not last}
    stage.screen.say(f"{len(stage.listeners)} likes, {first.name}'s twice; then {last.name} took hers back")
