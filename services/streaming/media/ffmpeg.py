"""The one command line that makes everything of a recording. Pure: words in, words out."""

from collections.abc import Mapping
from pathlib import Path

from services.streaming.media.formats import Format
from services.streaming.media.probe import input_options
from services.streaming.media.renditions import Plan

SEGMENT_SECONDS = 4
PROGRESSIVE = "audio.mp3"
TS_PLAYLIST = "ts.m3u8"
# The muxer would shift the priming to 0 and write an edit list that skips nothing: 1,024 samples of silence first.
FMP4 = "avoid_negative_ts=disabled:hls_segment_type=fmp4:hls_segment_options=movflags=+cmaf"


def media_playlist(kbits: int) -> str:
    return f"{kbits}k.m3u8"


def _fmp4(kbits: int) -> str:
    names = f"hls_fmp4_init_filename={kbits}k_init.mp4:hls_segment_filename={kbits}k_%d.m4s"
    return f"[f=hls:hls_time={SEGMENT_SECONDS}:hls_playlist_type=vod:{FMP4}:{names}]{media_playlist(kbits)}"


def _ts() -> str:
    return f"[f=hls:hls_time={SEGMENT_SECONDS}:hls_playlist_type=vod:hls_segment_filename=ts_%d.ts]{TS_PLAYLIST}"


def _filters(plan: Plan) -> str:
    """Decode once, bring to one rate, measure on the way, hand the same samples to every encoder and the waveform."""
    layout = "mono" if plan.channels == 1 else "stereo"
    outs = [f"[a{kbits}]" for kbits in plan.aac_kbits] + (["[mp3]"] if plan.mp3_kbits else []) + ["[pcm]"]
    shape = f"aformat=sample_rates={plan.sample_rate}:channel_layouts={layout}"
    # The meter needs doubles; with a branch of its own, no encoder has to convert them back.
    split = f"asplit={len(outs) + 1}[meter]{''.join(outs)}"
    return f"[0:a:0]{shape},{split};[meter]ebur128=peak=true:framelog=quiet,anullsink"


def _aac(kbits: int, plan: Plan) -> list[str]:
    # The TS rendition shares an encoder with the fMP4 of its bitrate: `tee` writes the same packets twice.
    outputs = _fmp4(kbits) + (f"|{_ts()}" if kbits == plan.ts_kbits else "")
    return ["-map", f"[a{kbits}]", "-c:a", "aac", "-b:a", f"{kbits}k", "-f", "tee", outputs]


def metering(ffmpeg: str, playlist: str) -> list[str]:
    """Measures a rendition that `command` made; run it in its directory."""
    argv = [ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "level+info", "-nostats"]
    argv += ["-protocol_whitelist", "file", "-f", "hls", "-i", playlist]
    return [*argv, "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]


def command(
    ffmpeg: str, source: Path, known: Format, plan: Plan, *, tags: Mapping[str, str], max_seconds: int, max_bytes: int
) -> list[str]:
    """Names are relative: run it in the directory for the files. PCM (s16le) goes to stdout.

    The MP3 is for everybody, so it has no words of the original but `tags`; not even where its frames are copied.
    """
    argv = [ffmpeg, "-nostdin", "-hide_banner", "-y", "-loglevel", "level+info", "-nostats"]
    argv += [*input_options(known), "-t", str(max_seconds), "-i", f"file:{source.resolve()}"]
    argv += ["-filter_complex", _filters(plan)]
    clean = ["-map_metadata", "-1", "-map_chapters", "-1"]
    for kbits in plan.aac_kbits:
        argv += clean + _aac(kbits, plan)
    mp3 = ["-map", "[mp3]", "-c:a", "libmp3lame", "-b:a", f"{plan.mp3_kbits}k"]
    argv += [*clean, *(mp3 if plan.mp3_kbits else ["-map", "0:a:0", "-c:a", "copy"]), "-fs", str(max_bytes)]
    argv += [word for name, text in tags.items() for word in ("-metadata", f"{name}={text}")]
    argv += ["-f", "mp3", PROGRESSIVE]
    return [*argv, "-map", "[pcm]", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"]
