from soundstage.catalog.v1.people_pb2 import Person
from soundstage.catalog.v1.tracks_pb2 import Track

from gateway.contracts.platform.tracks import mapping as tracks
from gateway.media import Media
from gateway.web.fields import JSON, or_null, whole_seconds


def track_hit(t: Track, media: Media, origin: str) -> JSON:
    return {
        "id": t.id,
        "title": t.title,
        "artist": t.artist,
        "duration": whole_seconds(t.duration_ms),
        **tracks.names(t, media, origin),
    }


def user_hit(p: Person) -> JSON:
    return {"id": p.id, "username": p.handle, "avatar": or_null(p, "picture")}
