"""Real audio through the one ffmpeg run; what players will get is decoded again and compared with the source."""

import json
import resource
from pathlib import Path

import numpy as np
import pytest
from mutagen.id3 import ID3

from services.streaming.media import hls
from services.streaming.media.probe import probe
from services.streaming.media.transcode import Budget, Task, Transcoded, Undecodable, transcode
from tests.support import audio

SECONDS = 9.3


class Made:
    def __init__(self, source: Path, folder: Path, result: Transcoded, percents: list[int]) -> None:
        self.source, self.folder, self.result, self.percents = source, folder, result, percents

    def media_playlists(self) -> list[Path]:
        return sorted(p for p in self.folder.glob("*k.m3u8"))


async def made_of(source: Path, budget: Budget | None = None) -> Made:
    folder = source.with_suffix(".made")
    folder.mkdir()
    found, percents = await probe(source, source.with_name("cover"), audio.ffmpeg()), list[int]()
    task = Task(source, found.sound, folder, percents.append, {"title": "Shown", "artist": "Somebody"})
    return Made(source, folder, await transcode(task, audio.ffmpeg(), budget or Budget()), percents)


@pytest.mark.parametrize(
    ("suffix", "rate", "channels", "kbits"),
    [
        ("wav", 44_100, 2, {64, 128, 256}),
        ("flac", 48_000, 1, {64, 128, 256}),
        ("mp3", 44_100, 2, {64, 128, 256}),
        ("ogg", 44_100, 2, {64, 128}),
        ("opus", 48_000, 2, {64, 128, 256}),
        ("m4a", 44_100, 2, {64, 128, 256}),
    ],
)
async def test_every_rendition_is_the_source_from_its_first_sample_on(
    tmp_path: Path, suffix: str, rate: int, channels: int, kbits: set[int]
) -> None:
    made = await made_of(audio.make(tmp_path / f"a.{suffix}", SECONDS, rate=rate, channels=channels))
    source = audio.decode(made.source, channels)
    assert made.result.frames == len(source)
    assert {int(p.stem[:-1]) for p in made.media_playlists()} == kbits
    for playlist in made.media_playlists():
        decoded = audio.decode(playlist, channels)
        assert 0 <= len(decoded) - len(source) <= 1023, playlist.name
        assert abs(audio.lag(source, decoded)) <= 1, playlist.name
    assert 0 <= len(audio.decode(made.folder / "ts.m3u8", channels)) - len(source) <= 2048


async def test_other_rates_and_channels_come_down_to_what_players_share(tmp_path: Path) -> None:
    surround, old = tmp_path / "surround.flac", audio.make(tmp_path / "old.wav", 3.0, rate=22_050, channels=1)
    audio.run("-i", audio.make(tmp_path / "a.wav", 3.0), "-ar", "96000", "-ac", "6", surround)
    for source, rate, channels in ((surround, 48_000, 2), (old, 44_100, 1)):
        made = await made_of(source)
        assert (made.result.sample_rate, made.result.duration_ms) == (rate, 3000)
        assert 0 <= len(audio.decode(made.folder / "64k.m3u8", channels)) - 3 * rate <= 1023


async def test_an_mp3_without_a_header_still_shows_progress(tmp_path: Path) -> None:
    made = await made_of(audio.make(tmp_path / "a.mp3", 6.0, options=("-write_xing", "0")))
    assert made.percents[-1] >= 95


async def test_a_joint_of_segments_has_no_gap(tmp_path: Path) -> None:
    """A sine has no steps: a sample lost or doubled at a joint would be one."""
    source = tmp_path / "sine.wav"
    audio.run("-f", "lavfi", "-i", "sine=f=441:r=44100:d=9.3", "-af", "volume=4", "-ac", "2", source)
    made = await made_of(source)
    for playlist in [*made.media_playlists(), made.folder / "ts.m3u8"]:
        samples = audio.decode(playlist)[2048:400_000, 0]
        bend = np.abs(np.diff(samples, 2))
        assert bend.max() < 3 * np.median(bend[bend > 0]) + 200, playlist.name
        assert np.abs(samples[100:] - samples[:-100]).max() < 4000, playlist.name  # 441 Hz repeats after 100 samples


async def test_segments_of_all_renditions_end_at_the_same_times(tmp_path: Path) -> None:
    made = await made_of(audio.make(tmp_path / "a.wav", SECONDS))
    lengths = [[s.seconds for s in hls.segments_of(p)] for p in [*made.media_playlists(), made.folder / "ts.m3u8"]]
    assert len(lengths[0]) == 3
    for other in lengths[1:]:
        assert other == pytest.approx(lengths[0], abs=0.001)
    starts = {_first_decode_times(p) for p in made.media_playlists()}
    assert len(starts) == 1


def _first_decode_times(playlist: Path) -> tuple[int, ...]:
    """Of each segment, in samples (ISO 14496-12, tfdt version 1)."""
    segments = [(playlist.parent / s.name).read_bytes() for s in hls.segments_of(playlist)]
    return tuple(int.from_bytes(b[(at := b.index(b"tfdt") + 8) : at + 8], "big") for b in segments)


async def test_playlists_say_what_players_need(tmp_path: Path) -> None:
    made = await made_of(audio.make(tmp_path / "a.wav", SECONDS))
    main = (made.folder / "main.m3u8").read_text()
    assert main.count("#EXT-X-STREAM-INF:BANDWIDTH=") == 3
    assert main.count('CODECS="mp4a.40.2"') == 3 and "AVERAGE-BANDWIDTH=" in main
    version_3 = (made.folder / "ts.m3u8").read_text()
    assert "#EXT-X-VERSION:3\n" in version_3 and "#EXT-X-MAP" not in version_3
    for playlist in made.media_playlists():
        text = playlist.read_text()
        assert "#EXT-X-INDEPENDENT-SEGMENTS" in text and "#EXT-X-ENDLIST" in text
        assert "#EXT-X-TARGETDURATION:4\n" in text and "/" not in text.replace("://", "")
        init = (made.folder / f"{playlist.stem}_init.mp4").read_bytes()
        media_time = init.index(b"elst") + 4 + 4 + 4 + 4  # type, version and flags, count, duration
        assert int.from_bytes(init[media_time : media_time + 4], "big") == 1024
    declared = {line for p in made.folder.glob("*.m3u8") for line in p.read_text().splitlines() if line[:1] != "#"}
    assert all((made.folder / name).exists() for name in declared)


@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a"])
async def test_one_mp3_without_the_words_of_the_original(tmp_path: Path, suffix: str) -> None:
    """Everybody may have it; who bought the original has its words."""
    made = await made_of(audio.make(tmp_path / f"a.{suffix}", 3.0, options=("-metadata", "comment=secret")))
    served = made.folder / made.result.progressive
    assert b"secret" in made.source.read_bytes()
    assert b"secret" not in served.read_bytes()
    assert len(audio.decode(served)) == len(audio.decode(made.source))
    tags = ID3(served)  # type: ignore[no-untyped-call]
    assert {name: str(tags[name]) for name in ("TIT2", "TPE1")} == {"TIT2": "Shown", "TPE1": "Somebody"}
    assert set(tags) <= {"TIT2", "TPE1", "TSSE"}


async def test_the_frames_of_an_uploaded_mp3_are_copied(tmp_path: Path) -> None:
    made = await made_of(audio.make(tmp_path / "a.mp3", 3.0))
    assert (audio.decode(made.folder / made.result.progressive) == audio.decode(made.source)).all()


async def test_what_is_measured(tmp_path: Path) -> None:
    source = tmp_path / "tone.wav"
    # EBU Tech 3341, case 1 in small: a stereo sine of 1 kHz at -23 dBFS is -23 LUFS; here silent at first.
    tone = "aevalsrc='if(gte(t,4),0.0708*sin(2*PI*1000*t),0)|if(gte(t,4),0.0708*sin(2*PI*1000*t),0)':s=48000:d=8"
    audio.run("-f", "lavfi", "-i", tone, source)
    made = await made_of(source)
    assert made.result.loudness.integrated_lufs == pytest.approx(-23.0, abs=0.2)
    assert made.result.loudness.true_peak_dbtp == pytest.approx(-23.0, abs=0.2)
    assert made.result.duration_ms == 8000
    peaks = json.loads((made.folder / "waveform.json").read_text())["peaks"]
    assert len(peaks) == 1000 and max(peaks[:499]) == 0.0 and min(peaks[501:]) == pytest.approx(0.0708, abs=0.002)
    assert made.percents == sorted(made.percents) and made.percents[-1] == 99


async def test_silence_and_instants_have_no_loudness(tmp_path: Path) -> None:
    quiet = (await made_of(audio.silence(tmp_path / "s.wav", 2.0))).result.loudness
    brief = (await made_of(audio.make(tmp_path / "b.wav", 0.2))).result
    assert (quiet.integrated_lufs, quiet.range_lu, quiet.true_peak_dbtp) == (None, None, None)
    assert brief.loudness.integrated_lufs is None and brief.frames == 8820


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
async def test_a_file_that_was_cut_fails_with_a_sentence(tmp_path: Path, suffix: str) -> None:
    source = audio.make(tmp_path / f"a.{suffix}", 4.0)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(Undecodable, match=r"ends early: only \d\.\d of 4\.\d seconds|damaged"):
        await made_of(source)


async def test_noise_behind_a_good_beginning_fails(tmp_path: Path) -> None:
    source = audio.make(tmp_path / "a.flac", 4.0)
    content = bytearray(source.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    source.write_bytes(content)
    with pytest.raises(Undecodable):
        await made_of(source)


async def test_a_recording_that_is_too_long_fails(tmp_path: Path) -> None:
    with pytest.raises(Undecodable, match="longer than 0 minutes"):
        await made_of(audio.make(tmp_path / "a.wav", 3.0), Budget(max_seconds=2))


async def test_a_wav_from_a_pipe_states_no_length_and_is_whole(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    source.write_bytes(audio.run("-f", "lavfi", "-i", "sine=d=2", "-f", "wav", "pipe:1"))
    assert (await made_of(source)).result.duration_ms == 2000


async def test_cpu_stays_near_that_of_the_bare_encoders(tmp_path: Path) -> None:
    """Loose on purpose, since the machine is shared; `make bench` prints the ratio."""
    source = audio.make(tmp_path / "a.wav", 30.0)
    started = _cpu_seconds()
    bare: list[str | Path] = ["-i", source]
    for kbits in (64, 128, 256):
        bare += ["-map", "0:a", "-c:a", "aac", "-b:a", f"{kbits}k", "-f", "hls", "-hls_time", "4"]
        bare += ["-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", f"{kbits}.mp4", tmp_path / f"{kbits}.m3u8"]
    audio.run(*bare, "-map", "0:a", "-c:a", "libmp3lame", "-b:a", "192k", tmp_path / "bare.mp3")
    middle = _cpu_seconds()
    await made_of(source)
    assert _cpu_seconds() - middle < 1.8 * (middle - started)


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)
