"""From what services answer to discovery's JSON. A field without a value is null, never left out."""

from datetime import datetime
from typing import Any

from soundstage.catalog.v1.people_pb2 import Person
from soundstage.catalog.v1.tracks_pb2 import Track

from gateway.contracts.discovery import hashid
from gateway.media import Media

JSON = dict[str, Any]

SQUARE_SIZES = ("150x150", "480x480", "1000x1000")
SHOWN_FIELDS = ("mood", "tags", "genre", "share", "play_count", "remixes")
# As JavaScript's Date prints and reads it; names of days and months in English whatever the machine speaks.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def user(p: Person) -> JSON:
    return {
        "album_count": p.album_count,
        "bio": _or_null(p, "bio"),
        "cover_photo": None,
        "followee_count": p.followee_count,
        "follower_count": p.follower_count,
        "handle": p.handle,
        "id": hashid.encode(p.number),
        "is_verified": False,
        "location": _or_null(p, "location"),
        "name": p.name,
        "playlist_count": p.playlist_count,
        "profile_picture": _square(p.picture) if p.HasField("picture") else None,
        "repost_count": p.repost_count,
        "track_count": p.track_count,
    }


def track(t: Track, media: Media, origin: str) -> JSON:
    return {**_core(t, media, origin), **_client_fields(t, origin)}


def stream_url(track_id: str, origin: str) -> str:
    return f"{origin}/v1/tracks/{track_id}/stream"


def _core(t: Track, media: Media, origin: str) -> JSON:
    return {
        "artwork": _square(_object_link(media, origin, t.cover_object)) if t.cover_object else None,
        "description": _or_null(t, "description"),
        "genre": _or_null(t, "genre"),
        "id": hashid.encode(t.number),
        "mood": _or_null(t, "mood"),
        "release_date": _javascript_date(t.published_at.ToDatetime()) if t.HasField("published_at") else None,
        "remix_of": None,
        "repost_count": t.repost_count,
        "favorite_count": t.like_count,
        "tags": ",".join(t.tags) or None,
        "title": t.title,
        "user": user(t.owner),
        "duration": (t.duration_ms + 500) // 1000,
        "downloadable": t.is_downloadable,
        "play_count": t.play_count,
    }


def _client_fields(t: Track, origin: str) -> JSON:
    """Beyond the source: without them newer clients fail to read a track. Nobody calls, so nobody has saved it."""
    route = f"{t.owner.handle}/{t.slug}-{t.number}"
    return {
        "followee_reposts": [],
        "followee_favorites": [],
        "track_segments": [],
        "is_original_available": False,
        "comment_count": 0,
        "is_downloadable": t.is_downloadable,
        "permalink": f"/{route}",
        "access": {"stream": True, "download": t.is_downloadable},
        "blocknumber": 0,
        "cover_art_sizes": None,
        "created_at": t.created_at.ToJsonString(),
        "field_visibility": dict.fromkeys(SHOWN_FIELDS, True),
        "has_current_user_reposted": False,
        "is_scheduled_release": False,
        "is_unlisted": False,
        "has_current_user_saved": False,
        "route_id": route,
        "updated_at": t.updated_at.ToJsonString(),
        "user_id": hashid.encode(t.owner.number),
        "is_delete": False,
        "is_available": True,
        "is_stream_gated": False,
        "is_download_gated": False,
        "is_owned_by_user": False,
        "stream": _with_mirrors(stream_url(hashid.encode(t.number), origin)),
        "download": _with_mirrors(None),
        "preview": _with_mirrors(None),
    }


def health(away: list[str]) -> JSON:
    """`away` names the services that do not answer, never their addresses."""
    shown = {
        "service": "discovery",
        "version": "1.0.0",
        "discovery_provider_healthy": not away,
        "errors": away,
        "trending_tracks_age_sec": None,
        "network": {"content_nodes": []},
    }
    return {"data": shown, "success": not away}


def _square(url: str) -> JSON:
    return dict.fromkeys(SQUARE_SIZES, url)


def _with_mirrors(url: str | None) -> JSON:
    return {"url": url, "mirrors": []}


def _object_link(media: Media, origin: str, name: str) -> str:
    """A link into the folder of a recording, by the object's whole name."""
    head, folder, rest = name.split("/", 2)
    return media.folder_link(origin, f"{head}/{folder}", rest)


def _javascript_date(moment: datetime) -> str:
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day} {month} {moment:%d %Y %H:%M:%S} GMT+0000"


def _or_null(m: Any, name: str) -> Any:
    return getattr(m, name) if m.HasField(name) else None
