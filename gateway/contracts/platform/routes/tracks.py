from hashlib import sha256

from soundstage.audience.v1.likes_pb2 import LikeTrackRequest, ListLikesForTrackRequest, UnlikeTrackRequest
from soundstage.audience.v1.plays_pb2 import PlayItem, PlaySource
from soundstage.catalog.v1.tracks_pb2 import (
    ChangeTrackRequest,
    ListTracksRequest,
    RemoveTrackRequest,
    TrackForm,
    TrackSort,
)
from soundstage.insights.v1.figures_pb2 import GetChartsRequest, GetStatsRequest
from soundstage.streaming.v1.recordings_pb2 import GetRecordingProgressRequest

from gateway.calls.wire import ask, page, ref
from gateway.contract import Handlers
from gateway.contracts.platform import mapping
from gateway.contracts.platform.schemas import Pages, PlayInput, TrackInput, TracksQuery
from gateway.parts import Parts
from gateway.web.reading import idempotency_key, json_body, path_uuid, query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
DASHBOARD_DAYS = 30

SORTS = {
    "created_at": TrackSort.TRACK_SORT_CREATED_AT,
    "title": TrackSort.TRACK_SORT_TITLE,
    "popularity": TrackSort.TRACK_SORT_POPULARITY,
}


@HANDLERS.on("listTracks")
async def list_tracks(parts: Parts, request: Request) -> JSONResponse:
    asked = query(request, TracksQuery)
    answer = await ask(
        parts.services.tracks.List,
        ListTracksRequest(
            page=page(asked.page, asked.limit),
            owner=ref(asked.user_id) if asked.user_id else None,
            genre=asked.genre,
            format=asked.format,
            sort=SORTS[asked.sort_by],
            ascending=asked.sort_order == "asc",
        ),
    )
    origin = parts.origin(request)
    tracks = [mapping.track_summary(track, parts.media, origin) for track in answer.tracks]
    pagination = mapping.pagination(asked.page, asked.limit, answer.total)
    return JSONResponse(mapping.success({"tracks": tracks, "pagination": pagination}))


@HANDLERS.on("getTrack")
async def get_track(parts: Parts, request: Request) -> JSONResponse:
    track = await parts.batched.get_track(path_uuid(request))
    return JSONResponse(mapping.success({"track": mapping.track(track, parts.media, parts.origin(request))}))


@HANDLERS.on("updateTrack")
async def change_track(parts: Parts, request: Request) -> JSONResponse:
    track_id = path_uuid(request)
    sent = (await json_body(request, TrackInput)).sent()
    answer = await ask(
        parts.services.tracks.Change, ChangeTrackRequest(id=track_id, fields=list(sent), form=TrackForm(**sent))
    )
    return JSONResponse(mapping.success({"track": mapping.changed_track(answer.track)}))


@HANDLERS.on("deleteTrack")
async def remove_track(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.tracks.Remove, RemoveTrackRequest(id=path_uuid(request)))
    return JSONResponse(mapping.message("Track deleted successfully"))


@HANDLERS.on("getTrackStats")
async def get_stats(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(parts.services.figures.GetStats, GetStatsRequest(track=ref(path_uuid(request))))
    return JSONResponse(mapping.success({"stats": mapping.stats(answer.stats)}))


@HANDLERS.on("getTrackDashboard")
async def get_dashboard(parts: Parts, request: Request) -> JSONResponse:
    track_id = path_uuid(request)
    answer = await ask(parts.services.figures.GetCharts, GetChartsRequest(track=ref(track_id), days=DASHBOARD_DAYS))
    return JSONResponse(mapping.success({"dashboard": mapping.dashboard(track_id, answer)}))


@HANDLERS.on("likeTrack")
async def like(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.likes.Like, LikeTrackRequest(track_id=path_uuid(request)))
    return JSONResponse(mapping.message("Track liked"))


@HANDLERS.on("unlikeTrack")
async def unlike(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.likes.Unlike, UnlikeTrackRequest(track_id=path_uuid(request)))
    return JSONResponse(mapping.message("Track unliked"))


@HANDLERS.on("listTrackLikes")
async def list_likes(parts: Parts, request: Request) -> JSONResponse:
    track_id, asked = path_uuid(request), query(request, Pages)
    answer = await ask(
        parts.services.likes.ListForTrack,
        ListLikesForTrackRequest(track_id=track_id, page=page(asked.page, asked.limit)),
    )
    people = await parts.joins.people(like.user_id for like in answer.likes)
    likes = [mapping.like(like, people[like.user_id]) for like in answer.likes]
    pagination = mapping.pagination(asked.page, asked.limit, answer.total)
    return JSONResponse(mapping.success({"likes": likes, "total": answer.total, "pagination": pagination}))


@HANDLERS.on("getTrackStatus")
async def get_status(parts: Parts, request: Request) -> JSONResponse:
    track = await parts.batched.get_track(path_uuid(request))
    # Streaming alone decides who may look, so it is asked whatever catalog said.
    progress = await ask(
        parts.services.recordings.GetProgress, GetRecordingProgressRequest(recording_id=track.recording_id)
    )
    return JSONResponse(mapping.success(mapping.processing(track, progress)))


@HANDLERS.on("recordPlay")
async def record_play(parts: Parts, request: Request) -> JSONResponse:
    track_id, key = path_uuid(request), idempotency_key(request)
    body = await json_body(request, PlayInput)
    outcome = await parts.batched.record_play(
        PlayItem(
            track_id=track_id,
            user_id=str(request.principal.user_id),
            seconds=body.duration,
            device=body.device,
            source=PlaySource.PLAY_SOURCE_PLATFORM,
            idempotency_key=key,
            fingerprint=sha256(f"{track_id}\n{body.duration}\n{body.device}".encode()).digest() if key else b"",
        )
    )
    return JSONResponse(mapping.success({"message": "Play event recorded", "id": outcome.id}))
