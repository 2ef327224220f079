from posixpath import dirname, join

from soundstage.streaming.v1.streams_pb2 import OpenStreamRequest
from starlette.responses import Response

from chassis.errors import NotFound
from gateway.calls.wire import ask
from gateway.contract import Handlers
from gateway.contracts.partner.playlist import with_links
from gateway.parts import Parts
from gateway.web.reading import is_uuid
from gateway.web.requests import Request

HANDLERS = Handlers()
HLS = "application/vnd.apple.mpegurl"


@HANDLERS.on("getStreamManifest")
async def get_manifest(parts: Parts, request: Request) -> Response:
    """Streaming decides; the names in the playlist get the permission that the caller has just been given."""
    stream_id = request.path_params["stream_id"]
    if not is_uuid(stream_id):
        raise NotFound()
    opened = await ask(parts.services.streams.Open, OpenStreamRequest(stream_id=stream_id.lower()))
    playlist = await parts.media.objects.read(f"{opened.folder}/{opened.playlist}")
    origin, beside = parts.origin(request), dirname(opened.playlist)
    text = with_links(
        playlist.decode(), lambda name: parts.media.folder_link(origin, opened.folder, join(beside, name))
    )
    return Response(text, media_type=HLS, headers={"cache-control": "private, max-age=0"})
