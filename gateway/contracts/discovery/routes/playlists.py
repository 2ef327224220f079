from soundstage.catalog.v1.playlists_pb2 import GetPlaylistRequest, Playlist

from gateway.calls.wire import ask, ref
from gateway.contract import Handlers
from gateway.contracts.discovery import hashid, mapping
from gateway.parts import Parts
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("getPlaylist")
async def get_playlist(parts: Parts, request: Request) -> JSONResponse:
    playlist = await _playlist(parts, request, with_tracks=False)
    return JSONResponse({"data": [mapping.playlist(playlist, parts.media, parts.origin(request))]})


@HANDLERS.on("getPlaylistTracks")
async def list_tracks(parts: Parts, request: Request) -> JSONResponse:
    playlist = await _playlist(parts, request, with_tracks=True)
    tracks = [entry.track for entry in playlist.entries if entry.HasField("track")]
    return JSONResponse({"data": mapping.tracks(tracks, parts.media, parts.origin(request))})


async def _playlist(parts: Parts, request: Request, *, with_tracks: bool) -> Playlist:
    playlist_id = request.path_params["playlist_id"]
    wanted = ref(hashid.decode(playlist_id))
    with hashid.not_found_as(playlist_id):
        answer = await ask(
            parts.services.playlists.Get, GetPlaylistRequest(playlist=wanted, public_only=True, with_tracks=with_tracks)
        )
    return answer.playlist
