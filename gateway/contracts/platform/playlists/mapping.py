from soundstage.catalog.v1.playlists_pb2 import Playlist

from gateway.web.fields import JSON, moment, or_null


def playlist_hit(p: Playlist) -> JSON:
    return {"id": p.id, "title": p.title, "is_public": p.is_public}


def new_playlist(p: Playlist) -> JSON:
    described = {"description": or_null(p, "description"), "track_count": p.track_count}
    return {**playlist_hit(p), **described, "created_at": moment(p.created_at)}


def playlist_summary(p: Playlist) -> JSON:
    return {**new_playlist(p), "follower_count": p.like_count}


def playlist(p: Playlist) -> JSON:
    tracks = [{"id": e.track_id, "title": e.track.title, "position": e.position} for e in p.entries]
    return {**new_playlist(p), "tracks": tracks}


def changed_playlist(p: Playlist) -> JSON:
    return {"id": p.id, "title": p.title, "description": or_null(p, "description")}
