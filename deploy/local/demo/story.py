"""The core workflow, from the first registration to the last figure, through the public contracts only."""

import time
from pathlib import Path

from deploy.local.demo import figures, listening, sale
from deploy.local.demo.figures import Figure
from deploy.local.demo.gateway import JSON, Gateway, Person, must
from deploy.local.demo.ledger import Ledger
from deploy.local.demo.screen import Screen
from deploy.local.demo.stage import MIB, Stage
from deploy.local.demo.tune import Tune, generated

PEOPLE = ("nova", "mia", "omar", "june")
BLOCKS = " ▁▂▃▄▅▆▇█"
SPARKS = 60
JPEG = b"\xff\xd8\xff"
# Poll quickly at first, then at a pace that stays within the rate limit.
QUICK_SECONDS = 5.0
STUCK_SECONDS = 180.0


def run(gateway: Gateway, screen: Screen, folder: Path, file: Tune | None) -> list[Figure]:
    """Runs and shows everything; returns the figures that differ from what was sent. Raises LocalError."""
    began = time.monotonic()
    tune = _find_tune(screen, folder, file)
    artist, *listeners = _register(gateway, screen)
    uploaded = _upload(screen, artist, tune)
    _transcode(screen, artist, uploaded["id"])
    track = artist.get(f"/api/v1/tracks/{uploaded['id']}")["track"]
    stage = Stage(gateway, screen, folder, tune, artist, listeners, track, Ledger(track["duration_ms"]))
    _look_at_track(stage)
    listening.fetch_stream(stage)
    listening.play_and_like(stage)
    sale.sell(stage)
    found = _count(stage)
    _close(stage, time.monotonic() - began, found)
    return [figure for figure in found if not figure.is_right]


def _find_tune(screen: Screen, folder: Path, file: Tune | None) -> Tune:
    screen.step("A tune")
    tune = file or generated(folder)
    made = f"composed just now: {', '.join(tune.tags.values())}; with a cover" if tune.tags else "your file"
    screen.say(f"{tune.path.name}, {tune.path.stat().st_size / MIB:.1f} MiB, {made}")
    return tune


def _register(gateway: Gateway, screen: Screen) -> list[Person]:
    screen.step("An artist and three listeners")
    people = []
    with screen.bar("registering", len(PEOPLE)) as advance:
        for name in PEOPLE:
            people.append(gateway.register(name))
            advance(len(people), people[-1].username)
    return people


def _upload(screen: Screen, artist: Person, tune: Tune) -> JSON:
    screen.step("Upload")
    with screen.bar("uploading", tune.path.stat().st_size) as advance:

        def sent(place: int) -> None:
            advance(place, f"{place / MIB:.1f} MiB")

        track = artist.upload(tune.path, {"description": "Uploaded by make demo"}, sent)
    screen.say(f"track {track['id']}, {track['permalink']}")
    return track


def _transcode(screen: Screen, artist: Person, track_id: str) -> None:
    screen.step("Transcoding")
    began = moved = time.monotonic()
    percent = 0
    with screen.bar("transcoding", 100) as advance:
        while (state := artist.get(f"/api/v1/tracks/{track_id}/status"))["status"] == "processing":
            now = time.monotonic()
            percent, moved = state["progress"], moved if state["progress"] == percent else now
            must(now - moved < STUCK_SECONDS, f"transcoding has been stuck at {percent} % for {STUCK_SECONDS:.0f} s")
            advance(percent, "processing")
            time.sleep(0.25 if now - began < QUICK_SECONDS else 1.0)
        must(state["status"] == "completed", f"the track is {state['status']}: {state.get('reason', 'no reason')}")
        advance(state["progress"], "completed")


def _look_at_track(stage: Stage) -> None:
    """What was derived from the file: tags, cover, loudness, waveform."""
    track, tune = stage.track, stage.tune
    for name in ("title", "artist", "album", "genre"):
        must(tune.tags.get(name, track[name]) == track[name], f"the tag {name} became {track[name]!r}")
    if tune.cover:
        must(stage.gateway.fetch(track["cover"]).content.startswith(JPEG), "the file's cover is missing")
    stage.screen.say(f"{track['title']} by {track['artist']}, {stage.seconds:.3f} s")
    loudness = {name: "?" if value is None else f"{value:.1f}" for name, value in track["loudness"].items()}
    stage.screen.say("{integrated_lufs} LUFS, range {range_lu} LU, peak {true_peak_dbtp} dBTP".format(**loudness))
    stage.screen.say(sparks(stage.gateway.fetch(track["waveform_url"]).json()["peaks"]))


def sparks(peaks: list[float]) -> str:
    """The waveform as one line of text."""
    each = len(peaks) / SPARKS
    highest = [max(peaks[int(n * each) : int((n + 1) * each)]) for n in range(SPARKS)]
    top = max(highest) or 1
    return "".join(BLOCKS[round(peak / top * (len(BLOCKS) - 1))] for peak in highest)


def _count(stage: Stage) -> list[Figure]:
    stage.screen.step("The creator's figures")
    stage.screen.say("waiting until every play is counted")
    found = figures.settled(stage.artist, stage.track, stage.ledger)
    stage.screen.show(figures.table(found))
    return found


def _close(stage: Stage, seconds: float, found: list[Figure]) -> None:
    if all(figure.is_right for figure in found):
        requests = f"{stage.gateway.requests} requests in {seconds:.1f} s"
        stage.screen.success(f"All {len(found)} figures equal what was sent; {requests}.")
    artist = stage.artist
    stage.screen.say(f"play it        ffplay '{stage.track['hls_url']}'")
    stage.screen.say(f"log in         {artist.username}@example.com  {artist.password}")
    stage.screen.say(f"read on        {stage.gateway.url}/swagger/index.html")
