"""The three calls on a track: bodies, words, ids and errors of the insights contract."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from soundstage.insights.v1.figures_pb2 import (
    DayPoint,
    DevicePart,
    GetChartsResponse,
    GetFiguresResponse,
    Listening,
)
from soundstage.insights.v1.realtime_pb2 import GetTrackRealtimeResponse, RecentPlay

from chassis import errors
from gateway.contracts.insights.limits import PER_ADDRESS
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented

BASE = "/api/v1/producer-intelligence/insights"
URL = f"{BASE}/tracks/123"
FIGURES = "insights.v1.FiguresService/GetFigures"
CHARTS = "insights.v1.FiguresService/GetCharts"
REALTIME = "insights.v1.RealtimeService/GetTrackRealtime"
OPERATIONS = [
    (URL, FIGURES, "getTrackAnalytics"),
    (f"{URL}/charts", CHARTS, "getTrackCharts"),
    (f"{URL}/realtime", REALTIME, "getTrackRealtime"),
]
HEARD = Listening(timed_plays=3, average_seconds=165.5, completion_rate=78.5, skip_rate=9.3, plays_per_listener=1.4)


def figures() -> GetFiguresResponse:
    return GetFiguresResponse(
        plays_total=1250, plays_period=340, listeners_total=890, listeners_unique=456, likes=78, reposts=12,
        plays_change=15.2, listeners_change=-8.4, listening=HEARD,
    )  # fmt: skip


def charts(days: int) -> GetChartsResponse:
    first = date(2026, 3, 4)
    answer = GetChartsResponse(
        to=str(first + timedelta(days - 1)), plays=2, listeners=2, likes=1, listening=HEARD,
        points=[DayPoint(date=str(first + timedelta(day))) for day in range(days)],
        retention=[100.0, 50.0, *[0.0] * 19], devices=[DevicePart(device="Chrome Browser", plays=2, share=100.0)],
    )  # fmt: skip
    setattr(answer, "from", str(first))
    answer.points[0].completion_rate = 50.0
    answer.points[0].plays = 2
    answer.as_of.FromJsonString("2026-03-10T12:00:00Z")
    return answer


def realtime() -> GetTrackRealtimeResponse:
    answer = GetTrackRealtimeResponse(
        active_listeners=1, last_hour=2, last_24_hours=9, per_minute=[*[0] * 58, 1, 1],
        recent_plays=[RecentPlay(device="Chrome Browser"), RecentPlay(seconds=120)],
    )  # fmt: skip
    answer.as_of.FromJsonString("2026-03-10T12:00:20.5Z")
    answer.minutes_from.FromJsonString("2026-03-10T11:01:00Z")
    for play in answer.recent_plays:
        play.played_at.FromJsonString("2026-03-10T11:59:40Z")
    return answer


async def test_the_figures_of_a_window(public: Public) -> None:
    public.services.on(FIGURES, figures())
    answer = await public.http.get(f"{URL}?period=90-days", headers=public.bearer())
    assert_documented("insights", "getTrackAnalytics", answer)
    assert answer.json() == {
        "success": True,
        "data": {
            "plays": {"total": 1250, "period": 340},
            "listeners": {"total": 890, "unique": 456},
            "engagement": {"likes": 78, "reposts": 12},
            "growth": {"plays_change": 15.2, "listeners_change": -8.4},
        },
    }
    [asked] = public.services.asked(FIGURES)
    assert (asked.track.number, asked.days) == (123, 90)


@pytest.mark.parametrize(("timeframe", "days"), [("7d", 7), ("30d", 30), ("90d", 90), ("1y", 365), (None, 30)])
async def test_the_days_of_a_window(public: Public, timeframe: str | None, days: int) -> None:
    public.services.on(CHARTS, charts(days))
    answer = await public.http.get(
        f"{URL}/charts", params={"timeframe": timeframe} if timeframe else {}, headers=public.bearer()
    )
    assert_documented("insights", "getTrackCharts", answer)
    assert [asked.days for asked in public.services.asked(CHARTS)] == [days]
    data = answer.json()["data"]
    assert (data["timeframe"], data["from"], len(data["points"])) == (timeframe or "30d", "2026-03-04", days)
    assert data["totals"] == {
        "plays": 2, "listeners": 2, "likes": 1, "reposts": 0, "timed_plays": 3, "average_seconds": 165.5,
        "completion_rate": 78.5, "skip_rate": 9.3, "plays_per_listener": 1.4, "save_rate": None,
    }  # fmt: skip
    assert [point["completion_rate"] for point in data["points"][:2]] == [50.0, None]
    assert data["retention"][1] == {"position": 5, "share": 50.0}
    assert data["retention"][-1]["position"] == 100


async def test_what_happens_now_is_never_cached(public: Public) -> None:
    public.services.on(REALTIME, realtime())
    answer = await public.http.get(f"{URL}/realtime", headers=public.bearer())
    assert_documented("insights", "getTrackRealtime", answer)
    assert answer.headers["cache-control"] == "no-store"
    data = answer.json()["data"]
    assert data["per_minute"] == {"from": "2026-03-10T11:01:00Z", "plays": [*[0] * 58, 1, 1]}
    assert data["recent_plays"] == [
        {"played_at": "2026-03-10T11:59:40Z", "device": "Chrome Browser", "seconds": None},
        {"played_at": "2026-03-10T11:59:40Z", "device": None, "seconds": 120},
    ]


@pytest.mark.parametrize("call", OPERATIONS)
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.NotFound("Track not found"), (404, "not_found", "Track not found")),
        (errors.Forbidden("x"), (403, "forbidden", "Access denied to this resource")),
        (errors.Unavailable(), (500, "server_error", "Internal server error")),
        (RuntimeError("a secret"), (500, "server_error", "Internal server error")),
    ],
)
async def test_a_refusal_in_the_contracts_words(
    public: Public, call: tuple[str, str, str], error: Any, expected: tuple[int, str, str]
) -> None:
    (url, method, operation), (status, code, message) = call, expected
    public.services.refuse(method, error)
    answer = await public.http.get(url, headers=public.bearer())
    assert answer.status_code == status
    assert answer.json() == {"success": False, "message": message, "error": code}
    assert_documented("insights", operation, answer)


@pytest.mark.parametrize(("url", "method", "operation"), OPERATIONS)
async def test_a_user_must_be_known(public: Public, url: str, method: str, operation: str) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, public.bearer("client"), public.bearer(exp=1)):
        answer = await public.http.get(url, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["message"] == "Authentication required"
        assert_documented("insights", operation, answer)
    assert public.services.asked(method) == []


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "x", "01", "9007199254740992", "1" * 40, "%00", "%D9%A1", "1%20"])
async def test_a_malformed_id_is_422(public: Public, number: str) -> None:
    answer = await public.http.get(f"{BASE}/tracks/{number}", headers=public.bearer())
    assert_documented("insights", "getTrackAnalytics", answer)
    assert answer.json() == {
        "success": False,
        "message": "Invalid parameters",
        "error": "validation_failed",
        "errors": {"trackId": ["Must be a positive integer."]},
    }


@pytest.mark.parametrize("query", ["period=", "period=7d", "period=7-DAYS", "period=30-days&period=x", "period=%00"])
async def test_an_unknown_window_is_422(public: Public, query: str) -> None:
    answer = await public.http.get(f"{URL}?{query}", headers=public.bearer())
    assert answer.status_code == 422
    assert_documented("insights", "getTrackAnalytics", answer)
    assert list(answer.json()["errors"]) == ["period"]


async def test_an_unlisted_parameter_is_ignored(public: Public) -> None:
    public.services.on(FIGURES, figures())
    assert (await public.http.get(f"{URL}?timeframe=x&a=b", headers=public.bearer())).status_code == 200
    unreadable = await public.http.get(f"{URL}?period=%FF", headers=public.bearer())
    assert_documented("insights", "getTrackAnalytics", unreadable)
    assert unreadable.status_code == 422


async def test_what_is_not_built_says_so_in_the_envelope(public: Public) -> None:
    for method, path in (("GET", "albums/1"), ("GET", "artists/1/charts"), ("POST", "export/pdf")):
        answer = await public.http.request(method, f"{BASE}/{path}", headers=public.bearer())
        assert (answer.status_code, answer.json()["error"]) == (501, "server_error")
        assert answer.json()["success"] is False and answer.json()["message"]


async def test_unknown_paths_and_methods(public: Public) -> None:
    unknown = await public.http.get(f"{BASE}/nothing")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")
    wrong = await public.http.post(URL)
    assert (wrong.status_code, wrong.json()["error"], wrong.headers["allow"]) == (
        405,
        "method_not_allowed",
        "GET, HEAD",
    )


async def test_a_limited_caller_costs_no_call(public: Public, still_limits: None) -> None:
    public.services.on(FIGURES, figures())
    await asyncio.gather(*(public.built.parts.limits.spend([PER_ADDRESS], "192.0.2.1") for _ in range(499)))
    answers = [await public.http.get(URL, headers=public.bearer()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert_documented("insights", "getTrackAnalytics", answers[-1])
    assert answers[-1].json()["retry_after"] == int(answers[-1].headers["retry-after"])
    assert len(public.services.asked(FIGURES)) == 1
