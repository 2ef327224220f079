"""hls.js, which most web players are built on, plays a track in Chromium to its end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import browser
from tests.support.people import Person

Tune = Callable[[str, float], Path]

PAGE = """
<!doctype html><audio id="audio"></audio><script src="/hls.js"></script><script>
const audio = document.getElementById("audio"), problems = [];
const report = (what) => fetch("/report", {method: "POST", body: JSON.stringify({what, problems,
  duration: audio.duration, at: audio.currentTime, ranges: audio.buffered.length})});
const hls = new Hls();
hls.on(Hls.Events.ERROR, (_, error) => { problems.push(error.details); if (error.fatal) report("fatal"); });
const play = () => audio.play().catch((fault) => { problems.push(String(fault)); report("play"); });
hls.on(Hls.Events.MANIFEST_PARSED, play);
audio.addEventListener("ended", () => report("ended"));
hls.loadSource(%URL%); hls.attachMedia(audio);
</script>
"""


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no Chromium on this machine")
def test_hls_js_plays_the_tune_to_its_end(artist: Person, tune: Tune) -> None:
    player = browser.hls_js()
    if player is None:
        pytest.skip("hls.js could not be fetched by npm")
    track = artist.release(tune("flac", 9.5))
    page = PAGE.replace("%URL%", repr(track["hls_url"]))
    report = browser.watch(page, {"/hls.js": player}, seconds=60)
    assert report["what"] == "ended", report
    assert report["problems"] == []
    assert report["ranges"] == 1
    assert abs(report["duration"] - 9.5) < 0.05
