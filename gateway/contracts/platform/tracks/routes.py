from hashlib import sha256

from soundstage.audience.v1.plays_pb2 import PlayItem, PlaySource
from soundstage.catalog.v1.tracks_pb2 import (
    ChangeTrackRequest,
    ListTracksRequest,
    RemoveTrackRequest,
    TrackForm,
)
from soundstage.insights.v1.figures_pb2 import GetChartsRequest, GetStatsRequest
from soundstage.streaming.v1.recordings_pb2 import GetRecordingProgressRequest

from gateway.calls.wire import ask, page, ref
from gateway.contract import Handlers
from gateway.contracts.platform.envelope import message, pagination, success
from gateway.contracts.platform.tracks import mapping
from gateway.contracts.platform.tracks.schemas import PlayInput, TrackInput, TracksQuery
from gateway.parts import Parts
from gateway.web.reading import idempotency_key, json_body, path_uuid, query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
DASHBOARD_DAYS = 30


@HANDLERS.on("listTracks")
async def list_tracks(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, TracksQuery)
    answer = await ask(
        parts.services.tracks.List,
        ListTracksRequest(
            page=page(params.page, params.limit),
            owner=ref(params.user_id) if params.user_id else None,
            genre=params.genre,
            format=params.format,
            sort=mapping.SORTS[params.sort_by],
            ascending=params.sort_order == "asc",
        ),
    )
    origin = parts.origin(request)
    tracks = [mapping.track_summary(track, parts.media, origin) for track in answer.tracks]
    return success({"tracks": tracks, "pagination": pagination(params, answer.total)})


@HANDLERS.on("getTrack")
async def get_track(parts: Parts, request: Request) -> JSONResponse:
    track = await parts.batched.get_track(path_uuid(request))
    return success({"track": mapping.track(track, parts.media, parts.origin(request))})


@HANDLERS.on("updateTrack")
async def change_track(parts: Parts, request: Request) -> JSONResponse:
    track_id = path_uuid(request)
    sent = (await json_body(request, TrackInput)).sent()
    answer = await ask(
        parts.services.tracks.Change, ChangeTrackRequest(id=track_id, fields=list(sent), form=TrackForm(**sent))
    )
    return success({"track": mapping.changed_track(answer.track)})


@HANDLERS.on("deleteTrack")
async def remove_track(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.tracks.Remove, RemoveTrackRequest(id=path_uuid(request)))
    return message("Track deleted successfully")


@HANDLERS.on("getTrackStats")
async def get_stats(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(parts.services.figures.GetStats, GetStatsRequest(track=ref(path_uuid(request))))
    return success({"stats": mapping.stats(answer.stats)})


@HANDLERS.on("getTrackDashboard")
async def get_dashboard(parts: Parts, request: Request) -> JSONResponse:
    track_id = path_uuid(request)
    answer = await ask(parts.services.figures.GetCharts, GetChartsRequest(track=ref(track_id), days=DASHBOARD_DAYS))
    return success({"dashboard": mapping.dashboard(track_id, answer)})


@HANDLERS.on("getTrackStatus")
async def get_status(parts: Parts, request: Request) -> JSONResponse:
    track = await parts.batched.get_track(path_uuid(request))
    # Streaming alone decides who may see it, so it is asked whatever catalog answered.
    progress = await ask(
        parts.services.recordings.GetProgress, GetRecordingProgressRequest(recording_id=track.recording_id)
    )
    return success(mapping.processing(track, progress))


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
    return success({"message": "Play event recorded", "id": outcome.id})
