"""What is made of a recording: which bitrates, which rate and channels. Pure."""

from dataclasses import dataclass

from services.streaming.media.formats import Format
from services.streaming.media.probe import Sound

AAC_KBITS = (64, 128, 256)
MP3_KBITS = (64, 96, 128, 160, 192)
TS_KBITS = 128
# Of all renditions together, the containers' share included.
MAX_BYTES_PER_SECOND = (sum(AAC_KBITS) + TS_KBITS + 320) * 1000 // 8 * 11 // 10
# Measured averages are slightly above or below the encoder's nominal bitrate.
SLACK = 1.1


@dataclass(frozen=True)
class Plan:
    """kbit/s of each AAC rendition and of the MP3 file (None: the upload is one, so its frames are copied)."""

    aac_kbits: tuple[int, ...]
    ts_kbits: int
    mp3_kbits: int | None
    sample_rate: int
    channels: int


def _worth(sound: Sound, ladder: tuple[int, ...]) -> tuple[int, ...]:
    """The bitrates up to the first that is not below the source: the next one down would lose its upper octave."""
    if sound.is_lossless or not sound.bitrate:
        return ladder
    enough = next((kbits for kbits in ladder if kbits * 1000 * SLACK >= sound.bitrate), ladder[-1])
    return tuple(kbits for kbits in ladder if kbits <= enough)


def sample_rate_for(rate: int) -> int:
    """One of the two rates that AAC and MP3 share with all players; a whole multiple where there is one."""
    return 44_100 if rate % 11_025 == 0 else 48_000


def plan(sound: Sound) -> Plan:
    aac = _worth(sound, AAC_KBITS)
    return Plan(
        aac_kbits=aac,
        ts_kbits=max(kbits for kbits in aac if kbits <= TS_KBITS),
        mp3_kbits=None if sound.format is Format.MP3 else _worth(sound, MP3_KBITS)[-1],
        sample_rate=sample_rate_for(sound.sample_rate),
        channels=1 if sound.channels == 1 else 2,
    )
