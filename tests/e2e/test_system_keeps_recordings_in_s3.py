"""Recordings in an S3 bucket: they play from there, in ranges too, leave with their tracks, and survive its absence."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.support import audio
from tests.support.people import Person, Stage, ok, refused
from tests.support.proxy import Proxy
from tests.support.s3 import Bucket, bucket
from tests.support.system import system
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]


@pytest.fixture(scope="module")
def kept() -> Iterator[Bucket]:
    with bucket() as kept:
        yield kept


@pytest.fixture(scope="module")
def proxy(kept: Bucket) -> Iterator[Proxy]:
    with Proxy((kept.host, kept.port)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def stage(kept: Bucket, proxy: Proxy) -> Iterator[Stage]:
    with system(**kept.settings(proxy.address)) as running, Stage(running.url) as stage:
        yield stage


@pytest.fixture
def artist(stage: Stage) -> Person:
    return stage.person("artist")


def test_a_recording_lives_and_dies_in_the_bucket(kept: Bucket, artist: Person, tune: Tune, tmp_path: Path) -> None:
    source = tune("wav", 60.0)
    assert source.stat().st_size > 5 * 1024 * 1024, "more than one part of a multipart upload"
    track = artist.release(source)
    assert {"originals", "recordings"} <= {name.partition("/")[0] for name in kept.names()}

    playlist, segment = first_segment(track["hls_url"])
    part = httpx.get(segment, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, httpx.get(segment).content[10:20])
    played = tmp_path / "played.wav"
    audio.run("-protocol_whitelist", "file,http,tcp", "-i", playlist, played)
    assert len(audio.decode(played)) >= len(audio.decode(source))

    ok(artist.delete(f"/tracks/{track['id']}"))
    eventually(lambda: not kept.names(), seconds=30)
    assert httpx.get(segment).status_code == 404


@pytest.mark.parametrize("harm", ["cut", "half_open"])
def test_a_bucket_that_is_away_is_said_so(artist: Person, proxy: Proxy, tune: Tune, harm: str) -> None:
    source = tune("mp3", 6.0)
    _, segment = first_segment(artist.release(source)["hls_url"])
    with getattr(proxy, harm)():
        away = httpx.get(segment, timeout=30)
        assert (away.status_code, "retry-after" in away.headers) == (503, True)
        with source.open("rb") as file:
            refused(artist.post("/tracks", files={"file": file}), 503, "SERVICE_UNAVAILABLE")
    assert httpx.get(segment).status_code == 200
    artist.release(source)


def first_segment(multivariant: str) -> tuple[str, str]:
    """The addresses of the first media playlist and of its first segment."""
    playlist = urljoin(multivariant, named(multivariant))
    return playlist, urljoin(playlist, named(playlist))


def named(playlist: str) -> str:
    lines = httpx.get(playlist).raise_for_status().text.splitlines()
    return next(line for line in lines if line and not line.startswith("#"))
