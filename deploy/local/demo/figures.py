"""The creator's figures in every contract, compared with what was sent."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from deploy.local.demo.gateway import JSON, Person
from deploy.local.demo.ledger import Ledger

INSIGHTS = "/api/v1/producer-intelligence/insights/tracks"
# Figures follow plays within 2 s, and `as_of` 2 s later; these limits are for a very busy machine.
MAX_CHECKS = 40
CHECK_EVERY_SECONDS = 0.5
MAX_READINGS = 8
READ_EVERY_SECONDS = 1.0
# The contracts round to one decimal.
ROUNDING = 0.051


@dataclass(frozen=True)
class Figure:
    contract: str
    name: str
    sent: Any
    reported: Any

    @property
    def is_right(self) -> bool:
        if isinstance(self.sent, float) and isinstance(self.reported, int | float):
            return abs(self.sent - self.reported) < ROUNDING
        return bool(self.sent == self.reported)

    def __str__(self) -> str:
        return f"{self.contract} {self.name}: {_shown(self.reported)}, sent {_shown(self.sent)}"


def settled(artist: Person, track: JSON, ledger: Ledger) -> list[Figure]:
    """Waits until the figures are said to include every play sent, and reads them until they agree."""
    for _ in range(MAX_CHECKS):
        as_of = artist.get(f"{INSIGHTS}/{track['number']}/charts")["as_of"]
        if datetime.fromisoformat(as_of) > ledger.last_play_at:
            break
        time.sleep(CHECK_EVERY_SECONDS)
    for _ in range(MAX_READINGS):
        figures = read(artist, track, ledger)
        if all(figure.is_right for figure in figures):
            break
        time.sleep(READ_EVERY_SECONDS)
    return figures


def read(artist: Person, track: JSON, ledger: Ledger) -> list[Figure]:
    return [*_platform(artist, track, ledger), *_insights(artist, track, ledger), *_audience(artist, track, ledger)]


def _platform(artist: Person, track: JSON, ledger: Ledger) -> Iterator[Figure]:
    stats = artist.get(f"/api/v1/tracks/{track['id']}/stats")["stats"]
    yield Figure("stats", "plays", len(ledger.plays), stats["total_plays"])
    yield Figure("stats", "listeners", len(ledger.streams), stats["unique_listeners"])
    yield Figure("stats", "seconds a play", ledger.average_seconds, stats["average_duration"])
    yield Figure("stats", "completed %", ledger.completion_percent, stats["completion_rate"])
    dashboard = artist.get(f"/api/v1/analytics/tracks/{track['id']}")["dashboard"]
    by_day = sum(day["count"] for day in dashboard["plays_over_time"])
    yield Figure("dashboard", "plays of all days", len(ledger.plays), by_day)
    yield Figure("dashboard", "listeners", len(ledger.streams), dashboard["stats"]["unique_listeners"])
    shown = artist.get(f"/api/v1/tracks/{track['id']}")["track"]
    yield Figure("track", "play_count", len(ledger.plays), shown["play_count"])
    yield Figure("track", "like_count", len(ledger.likes), shown["like_count"])
    likes = artist.get(f"/api/v1/tracks/{track['id']}/likes")["likes"]
    yield Figure("track", "liked by", ledger.likes, {like["username"] for like in likes})


def _insights(artist: Person, track: JSON, ledger: Ledger) -> Iterator[Figure]:
    base, plays, listeners = f"{INSIGHTS}/{track['number']}", len(ledger.plays), len(ledger.streams)
    figures = artist.get(base)
    yield Figure("insights", "plays, all time", plays, figures["plays"]["total"])
    yield Figure("insights", "plays, 30 days", plays, figures["plays"]["period"])
    yield Figure("insights", "listeners, 30 days", listeners, figures["listeners"]["unique"])
    yield Figure("insights", "likes", len(ledger.likes), figures["engagement"]["likes"])
    charts = artist.get(f"{base}/charts")
    yield Figure("charts", "plays of all days", plays, sum(day["plays"] for day in charts["points"]))
    yield Figure("charts", "timed plays", len(ledger.heard_ms), charts["totals"]["timed_plays"])
    yield Figure("charts", "completed %", ledger.completion_percent, charts["totals"]["completion_rate"])
    yield Figure("charts", "devices", ledger.devices, {part["device"]: part["plays"] for part in charts["devices"]})
    yield Figure("charts", "as_of is recent", True, datetime.fromisoformat(charts["as_of"]) > ledger.last_play_at)
    now = artist.get(f"{base}/realtime")
    yield Figure("realtime", "plays, 24 hours", plays, now["plays"]["last_24_hours"])
    yield Figure("realtime", "plays by minute", plays, sum(now["per_minute"]["plays"]))
    yield Figure("realtime", "listening now", listeners, now["active_listeners"])


def _audience(artist: Person, track: JSON, ledger: Ledger) -> Iterator[Figure]:
    named = sum(ledger.streams.values())
    audience = artist.get(f"/streams/v1/audience-track/{track['id']}")
    yield Figure("audience", "streams", len(ledger.plays), audience["total_streams"])
    by_listener = {one["username"]: one["streams"] for one in audience["audience"]}
    yield Figure("audience", "by listener", ledger.streams, by_listener)
    top = artist.get(f"/streams/v1/top-audience/{track['id']}")["top_audience"]
    yield Figure("top audience", "by rank", list(ledger.streams), [one["username"] for one in top])
    yield Figure("top audience", "of listeners", named, sum(one["streams"] for one in top))
    whole = artist.get(f"/streams/v1/artist-audience/{artist.id}")
    yield Figure("artist audience", "streams", len(ledger.plays), whole["total_streams"])
    yield Figure("artist audience", "listeners", len(ledger.streams), whole["unique_listeners"])


def table(figures: list[Figure]) -> Table:
    shown = Table(title="The creator's figures", title_justify="left", box=box.SIMPLE_HEAD, header_style="bold")
    for column in ("where", "what", "sent", "reported", ""):
        shown.add_column(column, no_wrap=column not in ("sent", "reported"), overflow="fold")
    for contract, those in groupby(figures, lambda figure: figure.contract):
        for place, figure in enumerate(those):
            mark = "[green]equal[/]" if figure.is_right else "[bold red]DIFFERS[/]"
            texts = (escape(_shown(figure.sent)), escape(_shown(figure.reported)))
            shown.add_row("" if place else contract, figure.name, *texts, mark)
        shown.add_section()
    return shown


def _shown(value: Any) -> str:
    """A value as text; people without the suffix that makes their name unique."""
    if isinstance(value, dict):
        return ", ".join(f"{_shown(name)} {_shown(count)}" for name, count in sorted(value.items()))
    if isinstance(value, list | set):
        return ", ".join(_shown(one) for one in (value if isinstance(value, list) else sorted(value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.1f}" if isinstance(value, float) else str(value).split("_", maxsplit=1)[0]
