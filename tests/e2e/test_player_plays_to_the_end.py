"""ffmpeg plays a track from its first sample to its last; hls.js in a browser does in tests/clients."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support import audio
from tests.support.people import Person

Tune = Callable[[str, float], Path]
RATE = 44_100
AAC_FRAME = 1024
WINDOW_SECONDS = 0.1


def renditions(track: dict[str, str]) -> list[str]:
    """The addresses of the media playlists that the multivariant playlist names."""
    master = httpx.get(track["hls_url"]).text
    return [urljoin(track["hls_url"], line) for line in master.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_every_rendition_decodes_gapless(artist: Person, tune: Tune, tmp_path: Path, kind: str) -> None:
    source = tune(kind, 9.5)
    original = audio.decode(source)
    track = artist.release(source)
    playlists = renditions(track)
    assert len(playlists) == 3
    for n, playlist in enumerate(playlists):
        played = tmp_path / f"{n}.wav"
        audio.run("-protocol_whitelist", "file,http,tcp", "-i", playlist, played)
        decoded = audio.decode(played)
        assert 0 <= len(decoded) - len(original) <= AAC_FRAME - 1
        assert abs(audio.lag(original, decoded)) <= 1, "an encoder's low-pass may round to the sample beside, no more"
        lost = loss(original, decoded[: len(original)])
        joints = [lost[round(at / WINDOW_SECONDS)] for at in (4, 8)]
        assert max(joints) < 1.5 * lost.max(initial=0, where=~near_joints(len(lost))), "a gap or a jump at a joint"


def loss(original: NDArray[np.float64], decoded: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the encoder lost in each window, as RMS."""
    length = round(WINDOW_SECONDS * RATE)
    error = (decoded - original)[: len(original) // length * length].reshape(-1, length * 2)
    return np.asarray(np.sqrt(np.mean(error**2, axis=1)))


def near_joints(windows: int) -> NDArray[np.bool_]:
    times = np.arange(windows) * WINDOW_SECONDS
    return np.asarray(np.abs((times + 2) % 4 - 2) < 2 * WINDOW_SECONDS)


def test_segments_are_aligned_and_immutable(artist: Person, tune: Tune) -> None:
    track = artist.release(tune("flac", 9.5))
    texts = [httpx.get(address).text for address in renditions(track)]
    lengths = [re.findall(r"#EXTINF:([\d.]+)", text) for text in texts]
    assert lengths[0] == lengths[1] == lengths[2]
    assert [round(float(length)) for length in lengths[0][:-1]] == [4, 4]
    assert all("#EXT-X-ENDLIST" in text and "#EXT-X-MAP" in text for text in texts)
    address = renditions(track)[0]
    segment = next(line for line in texts[0].splitlines() if line and not line.startswith("#"))
    answer = httpx.get(urljoin(address, segment), headers={"Range": "bytes=0-9", "Origin": "https://player.example"})
    assert (answer.status_code, len(answer.content)) == (206, 10)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_forged_or_foreign_address_opens_nothing(artist: Person, tune: Tune) -> None:
    mine, other = artist.release(tune("mp3", 6.0)), artist.release(tune("flac", 6.0))
    signed = mine["hls_url"]
    folder, name = signed.rsplit("/", 1)
    head, recording = folder.rsplit("/", 1)
    for forged in (
        signed.replace("/media/", "/media/x", 1),
        f"{head}/{other['stream_id']}/{name}",
        f"{folder}/../{other['stream_id']}/{name}",
        f"{folder}/..%2f{other['stream_id']}%2f{name}",
        f"{folder}/nothing.m4s",
    ):
        assert forged == signed or httpx.get(forged).status_code in (403, 404), forged
    assert recording in (mine["stream_id"], mine["stream_id"].replace("-", ""))
