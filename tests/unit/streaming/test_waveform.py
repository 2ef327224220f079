import numpy as np
import pytest

from services.streaming.media.waveform import PEAKS, Waveform, document


def heard(samples: "np.ndarray[tuple[int, int], np.dtype[np.int16]]", chunk: int = 8191) -> Waveform:
    pcm, wave = samples.astype("<i2").tobytes(), Waveform(samples.shape[1])
    for at in range(0, len(pcm), chunk):
        wave.add(pcm[at : at + chunk])
    return wave


@pytest.mark.parametrize("frames", [1, 999, 1000, 16_001, 441_000, 1_000_003])
def test_peaks_follow_the_sound_whatever_its_length(frames: int) -> None:
    ramp = (np.arange(frames) * 32_000 // frames).astype(np.int16)
    wave = heard(np.stack([ramp, -ramp // 2], axis=1))
    peaks = wave.peaks()
    expected = (np.arange(PEAKS) + 1) * 32_000 / PEAKS / 32_768
    assert len(peaks) == PEAKS and wave.frames == frames
    if frames > PEAKS:
        assert np.abs(np.array(peaks) - expected).max() < 0.002


def test_the_loudest_sample_is_one_even_when_negative() -> None:
    assert max(heard(np.array([[0], [-32_768], [0]], np.int16)).peaks()) == 1.0


def test_nothing_is_silence() -> None:
    wave = Waveform(2)
    assert wave.peaks() == [0.0] * PEAKS and wave.frames == 0


def test_document_is_json_of_peaks() -> None:
    assert document([0.5, 1.0], 1234) == b'{"version":1,"duration_ms":1234,"peaks":[0.5,1.0]}'
