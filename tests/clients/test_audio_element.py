"""A page of another host asks for the hosts, searches, and plays what it found in Chromium's own audio element."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import browser
from tests.support.people import Person, Stage
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]

PAGE = """
<!doctype html><audio id="audio"></audio><script>
const audio = document.getElementById("audio"), hosts = %HOSTS%, query = %QUERY%;
const report = (what, more) => fetch("/report", {method: "POST", body: JSON.stringify({what, ...more})});
const get = async (url) => (await (await fetch(url)).json()).data;
(async () => {
  const [host] = await get(hosts);
  const [track] = await get(`${host}/v1/tracks/search?app_name=PAGE&query=${encodeURIComponent(query)}`);
  audio.src = `${host}/v1/tracks/${track.id}/stream?app_name=PAGE`;
  await audio.play();
  audio.currentTime = audio.duration - 2;
  audio.addEventListener("ended", () => report("ended", {id: track.id, duration: audio.duration}));
})().catch((fault) => report(String(fault), {}));
</script>
"""


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no Chromium on this machine")
def test_a_page_finds_and_plays_a_track(stage: Stage, artist: Person, tune: Tune) -> None:
    title = f"Tune of {artist.user['username']}"
    track = artist.release(tune("mp3", 9.5), title=title)
    found = {"query": title}
    [shown] = eventually(lambda: stage.http.get("/v1/tracks/search", params=found).json()["data"])
    page = PAGE.replace("%HOSTS%", json.dumps(f"{stage.url}/")).replace("%QUERY%", json.dumps(title))
    report: dict[str, Any] = browser.watch(page, {}, seconds=60)
    assert (report["what"], report.get("id")) == ("ended", shown["id"])
    assert abs(report["duration"] - track["duration"]) <= 1
