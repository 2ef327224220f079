from posixpath import dirname, join

from soundstage.streaming.v1.streams_pb2 import OpenStreamRequest
from starlette.responses import Response

from gateway.calls.wire import ask
from gateway.contract import Handlers
from gateway.contracts.partner.ids import path_uuid
from gateway.contracts.partner.streams.manifest import with_links
from gateway.parts import Parts
from gateway.web.requests import Request

HANDLERS = Handlers()
HLS = "application/vnd.apple.mpegurl"


@HANDLERS.on("getStreamManifest")
async def get_manifest(parts: Parts, request: Request) -> Response:
    """Streaming decides who may listen; the manifest's names are signed links, so a player needs no token for them."""
    stream_id = path_uuid(request, "stream_id")
    opened = await ask(parts.services.streams.Open, OpenStreamRequest(stream_id=stream_id))
    playlist = await parts.media.objects.read(f"{opened.folder}/{opened.playlist}")
    origin, beside = parts.origin(request), dirname(opened.playlist)
    text = with_links(
        playlist.decode(), lambda name: parts.media.folder_link(origin, opened.folder, join(beside, name))
    )
    return Response(text, media_type=HLS, headers={"cache-control": "private, max-age=0"})
