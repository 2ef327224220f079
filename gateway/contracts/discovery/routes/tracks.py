from collections.abc import Sequence

from soundstage.catalog.v1.tracks_pb2 import Track
from soundstage.common.v1.common_pb2 import Page
from soundstage.insights.v1.trending_pb2 import ListTrendingTracksRequest, TrendingWindow

from gateway.calls.wire import ask
from gateway.contract import Handlers
from gateway.contracts.discovery import hashid, mapping
from gateway.contracts.discovery.schemas import TrendingQuery, query
from gateway.parts import Parts
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
WINDOWS = {
    "week": TrendingWindow.TRENDING_WINDOW_WEEK,
    "month": TrendingWindow.TRENDING_WINDOW_MONTH,
    "year": TrendingWindow.TRENDING_WINDOW_YEAR,
    "allTime": TrendingWindow.TRENDING_WINDOW_ALL_TIME,
}
# Asked for beyond a page, since the ranking may still name tracks that are gone.
SPARE_TRACKS = 10


@HANDLERS.on("getTrack")
async def get_track(parts: Parts, request: Request) -> JSONResponse:
    track_id = request.path_params["track_id"]
    number = hashid.decode(track_id)
    with hashid.not_found_as(track_id):
        track = await parts.batched.get_track(number, public_only=True)
    return JSONResponse({"data": mapping.track(track, parts.media, parts.origin(request))})


@HANDLERS.on("getTrendingTracks")
async def list_trending(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, TrendingQuery)
    ranked = await ask(
        parts.services.trending.ListTracks,
        ListTrendingTracksRequest(
            window=WINDOWS[params.time],
            genre=params.genre or None,
            page=Page(offset=params.offset, limit=params.limit + SPARE_TRACKS),
        ),
    )
    tracks = await _public(parts, ranked.track_ids[: params.limit])
    if len(tracks) < params.limit:
        tracks += (await _public(parts, ranked.track_ids[params.limit :]))[: params.limit - len(tracks)]
    return JSONResponse({"data": mapping.tracks(tracks, parts.media, parts.origin(request))})


async def _public(parts: Parts, track_ids: Sequence[str]) -> list[Track]:
    """The public ones of these tracks, in the same order."""
    found = await parts.joins.tracks(track_ids, public_only=True)
    return [track for track in found.values() if track is not None]
