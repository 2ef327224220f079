"""From what services answer to this contract's JSON: track ids in hex, every other id with dashes."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from soundstage.audience.v1.plays_pb2 import PlayOutcome
from soundstage.catalog.v1.people_pb2 import Person
from soundstage.insights.v1.listeners_pb2 import (
    CountListenersForArtistResponse,
    Listener,
    ListListenersForTrackResponse,
    Place,
)

from gateway.web.fields import JSON, moment, or_null


def success(data: JSON) -> JSON:
    return {"success": True, "data": data}


def stream(track_id: str, user_id: str, play: PlayOutcome) -> JSON:
    return {
        "id": play.id,
        "track_id": _hex(track_id),
        "user_id": user_id,
        "recorded_at": moment(play.recorded_at),
    }


def track_audience(
    track_id: str, answer: ListListenersForTrackResponse, people: Mapping[str, Person | None], follows: set[str]
) -> JSON:
    return {
        "track_id": _hex(track_id),
        "total_streams": answer.total_streams,
        "unique_listeners": answer.unique_listeners,
        "audience": listeners(answer.listeners, people, follows),
    }


def pagination(page: int, limit: int, total: int) -> JSON:
    return {"page": page, "limit": limit, "total": total, "total_pages": -(-total // limit)}


def top_audience(
    track_id: str, top: Iterable[Listener], people: Mapping[str, Person | None], follows: set[str]
) -> JSON:
    ranked = enumerate(listeners(top, people, follows), start=1)
    return {"track_id": _hex(track_id), "top_audience": [{"rank": rank, **shown} for rank, shown in ranked]}


def main_user(place: Place) -> JSON:
    return {"streams": place.streams, "rank": place.rank or None}


def artist_audience(artist_id: str, counted: CountListenersForArtistResponse) -> JSON:
    return {
        "artist_id": artist_id,
        "total_streams": counted.total_streams,
        "unique_listeners": counted.unique_listeners,
        "tracks": [{"track_id": _hex(t.track_id), "title": t.title, "streams": t.streams} for t in counted.tracks],
    }


def listeners(found: Iterable[Listener], people: Mapping[str, Person | None], follows: set[str]) -> list[JSON]:
    return [_listener(listener, people[listener.user_id], listener.user_id in follows) for listener in found]


def _listener(listener: Listener, person: Person | None, is_following: bool) -> JSON:
    return {
        "user_id": listener.user_id,
        "username": person.handle if person else None,
        "avatar": or_null(person, "picture") if person else None,
        "streams": listener.streams,
        "first_streamed_at": moment(listener.first_streamed_at),
        "last_streamed_at": moment(listener.last_streamed_at),
        "is_following": is_following,
    }


def _hex(track_id: str) -> str:
    return UUID(track_id).hex
