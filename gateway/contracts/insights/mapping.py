"""From what insights answers to this contract's JSON."""

from soundstage.insights.v1.figures_pb2 import DayPoint, GetChartsResponse, GetFiguresResponse, Listening
from soundstage.insights.v1.realtime_pb2 import GetTrackRealtimeResponse, RecentPlay

from gateway.web.fields import JSON, moment, or_null

RETENTION_STEP_PERCENT = 5


def success(data: JSON) -> JSON:
    return {"success": True, "data": data}


def figures(f: GetFiguresResponse) -> JSON:
    return {
        "plays": {"total": f.plays_total, "period": f.plays_period},
        "listeners": {"total": f.listeners_total, "unique": f.listeners_unique},
        "engagement": {"likes": f.likes, "reposts": f.reposts},
        "growth": {"plays_change": f.plays_change, "listeners_change": f.listeners_change},
    }


def charts(timeframe: str, c: GetChartsResponse) -> JSON:
    return {
        "timeframe": timeframe,
        "interval": "day",
        # `from` is a keyword of Python.
        "from": getattr(c, "from"),
        "to": c.to,
        "as_of": moment(c.as_of),
        "totals": {
            "plays": c.plays,
            "listeners": c.listeners,
            "likes": c.likes,
            "reposts": c.reposts,
            **listening(c.listening),
        },
        "points": [_point(point) for point in c.points],
        "retention": [
            {"position": place * RETENTION_STEP_PERCENT, "share": share} for place, share in enumerate(c.retention)
        ],
        "devices": [{"device": part.device, "plays": part.plays, "share": part.share} for part in c.devices],
    }


def listening(heard: Listening) -> JSON:
    names = ("average_seconds", "completion_rate", "skip_rate", "plays_per_listener", "save_rate")
    return {"timed_plays": heard.timed_plays, **{name: or_null(heard, name) for name in names}}


def realtime(r: GetTrackRealtimeResponse) -> JSON:
    return {
        "as_of": moment(r.as_of),
        "active_listeners": r.active_listeners,
        "plays": {"last_hour": r.last_hour, "last_24_hours": r.last_24_hours},
        "per_minute": {"from": moment(r.minutes_from), "plays": list(r.per_minute)},
        "recent_plays": [_recent(play) for play in r.recent_plays],
    }


def _point(p: DayPoint) -> JSON:
    return {
        "date": p.date,
        "plays": p.plays,
        "listeners": p.listeners,
        "likes": p.likes,
        "reposts": p.reposts,
        "completion_rate": or_null(p, "completion_rate"),
    }


def _recent(play: RecentPlay) -> JSON:
    return {
        "played_at": moment(play.played_at),
        "device": or_null(play, "device"),
        "seconds": or_null(play, "seconds"),
    }
