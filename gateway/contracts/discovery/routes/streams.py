from soundstage.audience.v1.plays_pb2 import PlayItem, PlaySource
from soundstage.catalog.v1.tracks_pb2 import Track
from starlette.responses import Response

from gateway.contract import Handlers
from gateway.contracts.discovery import hashid, mapping, ranges
from gateway.contracts.discovery.schemas import StreamQuery, query
from gateway.parts import Parts
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
MP3 = "audio/mpeg"


@HANDLERS.on("streamTrack")
async def stream(parts: Parts, request: Request) -> Response:
    """The MP3 or a range of it; what starts at the first byte is a play, recorded before that byte is sent."""
    track_id, params = request.path_params["track_id"], query(request, StreamQuery)
    track = await _track(parts, track_id)
    with hashid.not_found_as(track_id):
        answer = await _bytes(parts, request, track)
        if params.no_redirect:
            rest = "?skip_play_count=true" if params.skip_play_count else ""
            return _link(mapping.stream_url(track_id, parts.origin(request)) + rest, answer)
        if ranges.begins(answer) and not params.skip_play_count:
            await parts.batched.record_play(PlayItem(track_id=track.id, source=PlaySource.PLAY_SOURCE_DISCOVERY))
    return answer


@HANDLERS.on("headTrackStream")
async def head(parts: Parts, request: Request) -> Response:
    track_id = request.path_params["track_id"]
    track = await _track(parts, track_id)
    with hashid.not_found_as(track_id):
        return await _bytes(parts, request, track)


def _link(url: str, answer: Response) -> Response:
    """Where the bytes are, with the headers that describe them."""
    headers = {name: answer.headers[name] for name in ("accept-ranges", "etag")}
    return JSONResponse({"data": url}, headers=headers)


async def _track(parts: Parts, track_id: str) -> Track:
    number = hashid.decode(track_id)
    with hashid.not_found_as(track_id):
        return await parts.batched.get_track(number, public_only=True)


async def _bytes(parts: Parts, request: Request, track: Track) -> Response:
    answer = await parts.media.objects.answer(request, track.progressive_object, content_type=MP3)
    return ranges.settled(request, answer)
