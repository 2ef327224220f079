"""From what services answer to the platform's JSON: its words, its units, nothing else."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.audience.v1.follows_pb2 import Follow
from soundstage.audience.v1.likes_pb2 import Like
from soundstage.auth.v1.accounts_pb2 import Account, Tokens
from soundstage.catalog.v1.people_pb2 import Person
from soundstage.catalog.v1.playlists_pb2 import Collaborator, Permission, Playlist, SharePlaylistResponse
from soundstage.catalog.v1.tracks_pb2 import Track, TrackStatus
from soundstage.insights.v1.figures_pb2 import GetChartsResponse, Stats
from soundstage.marketplace.v1.orders_pb2 import Order, OrderStatus
from soundstage.marketplace.v1.products_pb2 import Product, ProductStatus, ProductType
from soundstage.streaming.v1.recordings_pb2 import GetRecordingProgressResponse

from gateway.media import Media

JSON = dict[str, Any]

TRACK_STATUS = {
    TrackStatus.TRACK_STATUS_PROCESSING: "processing",
    TrackStatus.TRACK_STATUS_COMPLETED: "completed",
    TrackStatus.TRACK_STATUS_FAILED: "failed",
}
PERMISSION = {
    Permission.PERMISSION_READ: "read",
    Permission.PERMISSION_WRITE: "write",
    Permission.PERMISSION_ADMIN: "admin",
}
PRODUCT_STATUS = {
    ProductStatus.PRODUCT_STATUS_DRAFT: "draft",
    ProductStatus.PRODUCT_STATUS_ACTIVE: "active",
    ProductStatus.PRODUCT_STATUS_ARCHIVED: "archived",
}
PRODUCT_TYPE = {
    ProductType.PRODUCT_TYPE_TRACK: "track",
    ProductType.PRODUCT_TYPE_PACK: "pack",
    ProductType.PRODUCT_TYPE_SERVICE: "service",
}
ORDER_STATUS = {
    OrderStatus.ORDER_STATUS_PENDING: "pending",
    OrderStatus.ORDER_STATUS_COMPLETED: "completed",
    OrderStatus.ORDER_STATUS_FAILED: "failed",
    OrderStatus.ORDER_STATUS_REFUNDED: "refunded",
}


def success(data: Any) -> JSON:
    return {"success": True, "data": data}


def message(text: str) -> JSON:
    return success({"message": text})


def pagination(page: int, limit: int, total: int) -> JSON:
    return {"page": page, "limit": limit, "total": total, "total_pages": -(-total // limit)}


def moment(stamp: Timestamp) -> str:
    """RFC 3339 in UTC, ending in Z."""
    return stamp.ToJsonString()


def amount(minor: int) -> float:
    return minor / 100


# ---- accounts


def account(a: Account) -> JSON:
    return {"id": a.id, "username": a.username, "email": a.email, **_keys(a)}


def current_user(a: Account) -> JSON:
    return {**account(a), "role": a.role}


def tokens(t: Tokens) -> JSON:
    return {"access_token": t.access_token, "refresh_token": t.refresh_token, "expires_in": t.expires_in_seconds}


def profile(a: Account) -> JSON:
    """`email` is there only when auth gave it: to oneself and to admins."""
    shown = {
        **public_profile(a),
        "location": _or_null(a, "location"),
        "created_at": moment(a.created_at),
    }
    return {**shown, "email": a.email} if a.email else shown


def public_profile(a: Account) -> JSON:
    return {
        "id": a.id,
        "username": a.username,
        "bio": _or_null(a, "bio"),
        "avatar": _or_null(a, "avatar"),
        **_keys(a),
    }


def changed_profile(a: Account) -> JSON:
    names = ("bio", "first_name", "last_name", "location", "gender", "avatar")
    return {"id": a.id, "username": a.username, **{name: _or_null(a, name) for name in names}, **_keys(a)}


def follow(item: Follow, person: Person | None) -> JSON:
    return {
        "user_id": item.account_id,
        "username": person.handle if person else "",
        "avatar": _or_null(person, "picture") if person else None,
        "followed_at": moment(item.followed_at),
    }


def user_hit(p: Person) -> JSON:
    return {"id": p.id, "username": p.handle, "avatar": _or_null(p, "picture")}


# ---- tracks


def new_track(t: Track, media: Media, origin: str) -> JSON:
    return {"id": t.id, "title": t.title, "created_at": moment(t.created_at), **track_keys(t, media, origin)}


def track_keys(t: Track, media: Media, origin: str) -> JSON:
    is_completed = t.status == TrackStatus.TRACK_STATUS_COMPLETED
    cover = media.cover_link(origin, t.cover_object) if is_completed and t.cover_object else None
    return {
        "number": t.number,
        "permalink": f"/{t.owner.handle}/{t.slug}-{t.number}",
        "status": TRACK_STATUS[t.status],
        "cover": cover,
    }


def track_hit(t: Track, media: Media, origin: str) -> JSON:
    return {
        "id": t.id,
        "title": t.title,
        "artist": t.artist,
        "duration": _whole_seconds(t.duration_ms),
        **track_keys(t, media, origin),
    }


def track_summary(t: Track, media: Media, origin: str) -> JSON:
    is_completed = t.status == TrackStatus.TRACK_STATUS_COMPLETED
    return {
        "id": t.id,
        "title": t.title,
        "artist": t.artist,
        "duration": _whole_seconds(t.duration_ms) if is_completed else None,
        "format": t.format,
        "genre": _or_null(t, "genre"),
        "is_public": t.is_public,
        "created_at": moment(t.created_at),
        **track_keys(t, media, origin),
    }


def track(t: Track, media: Media, origin: str) -> JSON:
    return {
        **track_summary(t, media, origin),
        "album": _or_null(t, "album"),
        "file_size": t.file_bytes,
        "year": _or_null(t, "year"),
        "like_count": t.like_count,
        "play_count": t.play_count,
        **_playback(t, media, origin),
    }


def _playback(t: Track, media: Media, origin: str) -> JSON:
    if t.status != TrackStatus.TRACK_STATUS_COMPLETED:
        return dict.fromkeys(("stream_id", "hls_url", "waveform_url", "loudness", "duration_ms"))
    folder = f"recordings/{t.recording_id}"
    return {
        "stream_id": t.recording_id,
        "hls_url": media.folder_link(origin, folder, "main.m3u8"),
        "waveform_url": media.folder_link(origin, folder, "waveform.json"),
        "loudness": {name: _or_null(t.loudness, name) for name in ("integrated_lufs", "range_lu", "true_peak_dbtp")},
        "duration_ms": t.duration_ms,
    }


def changed_track(t: Track) -> JSON:
    return {
        "id": t.id,
        "title": t.title,
        "artist": t.artist,
        "album": _or_null(t, "album"),
        "genre": _or_null(t, "genre"),
        "year": _or_null(t, "year"),
        "is_public": t.is_public,
    }


def processing(t: Track, p: GetRecordingProgressResponse) -> JSON:
    """Catalog says the state, streaming how far; between their two moments the state is the one that counts."""
    if t.status == TrackStatus.TRACK_STATUS_COMPLETED:
        return {"status": "completed", "progress": 100}
    shown = {"status": TRACK_STATUS[t.status], "progress": min(99, p.percent)}
    return {**shown, "reason": p.reason} if t.status == TrackStatus.TRACK_STATUS_FAILED and p.reason else shown


def like(item: Like, person: Person | None) -> JSON:
    return {
        "user_id": item.user_id,
        "username": person.handle if person else "",
        "liked_at": moment(item.liked_at),
    }


def stats(s: Stats) -> JSON:
    return {
        "total_plays": s.total_plays,
        "unique_listeners": s.unique_listeners,
        "average_duration": round(s.average_seconds, 1),
        "completion_rate": round(s.completion_rate, 1),
    }


def dashboard(track_id: str, c: GetChartsResponse) -> JSON:
    return {
        "track_id": track_id,
        "stats": stats(c.stats),
        "plays_over_time": [{"date": _midnight(point.date), "count": point.plays} for point in c.points],
        "period": {
            "start_date": _midnight(c.points[0].date),
            "end_date": _midnight(c.points[-1].date),
            "days": len(c.points),
        },
    }


# ---- playlists


def playlist_hit(p: Playlist) -> JSON:
    return {"id": p.id, "title": p.title, "is_public": p.is_public}


def new_playlist(p: Playlist) -> JSON:
    described = {"description": _or_null(p, "description"), "track_count": p.track_count}
    return {**playlist_hit(p), **described, "created_at": moment(p.created_at)}


def playlist_summary(p: Playlist) -> JSON:
    return {**new_playlist(p), "follower_count": p.like_count}


def playlist(p: Playlist) -> JSON:
    tracks = [{"id": e.track_id, "title": e.track.title, "position": e.position} for e in p.entries]
    return {**new_playlist(p), "tracks": tracks}


def changed_playlist(p: Playlist) -> JSON:
    return {"id": p.id, "title": p.title, "description": _or_null(p, "description")}


def collaborator(c: Collaborator) -> JSON:
    return {
        "id": c.person.id,
        "username": c.person.handle,
        "permission": PERMISSION[c.permission],
        "added_at": moment(c.added_at),
    }


def share_link(s: SharePlaylistResponse, front: str) -> JSON:
    """`front` stands before the token in the link."""
    return {"share_token": s.token, "share_url": f"{front}/{s.token}", "expires_at": moment(s.expires_at)}


# ---- marketplace


def changed_product(p: Product) -> JSON:
    return {**new_product(p), "description": _or_null(p, "description"), "currency": p.currency}


def new_product(p: Product) -> JSON:
    return {
        "id": p.id,
        "title": p.title,
        "price": amount(p.price_minor),
        "status": PRODUCT_STATUS[p.status],
        "created_at": moment(p.created_at),
    }


def product(p: Product) -> JSON:
    return {
        **changed_product(p),
        "product_type": PRODUCT_TYPE[p.type],
        "seller_id": p.seller_id,
        "track_id": p.track_id or None,
        "license_type": p.license_type,
    }


def order_summary(o: Order) -> JSON:
    return {
        "id": o.id,
        "total_amount": amount(o.total_minor),
        "status": ORDER_STATUS[o.status],
        "created_at": moment(o.created_at),
    }


def order(o: Order) -> JSON:
    lines = [{"product_id": line.product_id, "price": amount(line.price_minor)} for line in o.lines]
    return {**order_summary(o), "buyer_id": o.buyer_id, "currency": o.currency, "items": lines}


# ---- small things


def _keys(a: Account) -> JSON:
    return {"number": a.number, "handle": a.username}


def _or_null(m: Any, name: str) -> Any:
    return getattr(m, name) if m.HasField(name) else None


def _whole_seconds(milliseconds: int) -> int:
    """A half rounds up."""
    return (milliseconds + 500) // 1000


def _midnight(date: str) -> str:
    return f"{date}T00:00:00Z"
