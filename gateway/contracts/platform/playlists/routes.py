from soundstage.catalog.v1.playlists_pb2 import (
    AddPlaylistRequest,
    AddPlaylistTrackRequest,
    ChangePlaylistRequest,
    GetPlaylistRequest,
    ListPlaylistsRequest,
    RecommendPlaylistsRequest,
    RemovePlaylistRequest,
    RemovePlaylistTrackRequest,
    ReorderPlaylistRequest,
)

from gateway.calls.wire import ask, page, ref
from gateway.contract import Handlers
from gateway.contracts.platform.envelope import message, pagination, success
from gateway.contracts.platform.playlists import mapping
from gateway.contracts.platform.playlists.schemas import (
    PlaylistChangeInput,
    PlaylistInput,
    PlaylistsQuery,
    RecommendationsQuery,
    TrackIdInput,
    TrackOrderInput,
)
from gateway.parts import Parts
from gateway.web.reading import idempotency_key, json_body, path_uuid, query
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("listPlaylists")
async def list_playlists(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, PlaylistsQuery)
    answer = await ask(
        parts.services.playlists.List,
        ListPlaylistsRequest(page=page(params.page, params.limit), owner_id=params.user_id or ""),
    )
    playlists = [mapping.playlist_summary(playlist) for playlist in answer.playlists]
    return success({"playlists": playlists, "pagination": pagination(params, answer.total)})


@HANDLERS.on("createPlaylist")
async def add_playlist(parts: Parts, request: Request) -> JSONResponse:
    key = idempotency_key(request)
    body = await json_body(request, PlaylistInput)
    answer = await ask(
        parts.services.playlists.Add,
        AddPlaylistRequest(
            title=body.title, description=body.description, is_public=body.is_public, idempotency_key=key
        ),
    )
    return success({"playlist": mapping.new_playlist(answer.playlist)}, 201)


@HANDLERS.on("getPlaylistRecommendations")
async def recommend_playlists(parts: Parts, request: Request) -> JSONResponse:
    params = query(request, RecommendationsQuery)
    answer = await ask(parts.services.playlists.Recommend, RecommendPlaylistsRequest(limit=params.limit))
    hits = [mapping.playlist_hit(playlist) for playlist in answer.playlists]
    return success({"playlists": hits})


@HANDLERS.on("getPlaylist")
async def get_playlist(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(
        parts.services.playlists.Get, GetPlaylistRequest(playlist=ref(path_uuid(request)), with_tracks=True)
    )
    return success({"playlist": mapping.playlist(answer.playlist)})


@HANDLERS.on("updatePlaylist")
async def change_playlist(parts: Parts, request: Request) -> JSONResponse:
    playlist_id = path_uuid(request)
    sent = (await json_body(request, PlaylistChangeInput)).sent()
    answer = await ask(
        parts.services.playlists.Change, ChangePlaylistRequest(id=playlist_id, fields=list(sent), **sent)
    )
    return success({"playlist": mapping.changed_playlist(answer.playlist)})


@HANDLERS.on("deletePlaylist")
async def remove_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.playlists.Remove, RemovePlaylistRequest(id=path_uuid(request)))
    return message("Playlist deleted successfully")


@HANDLERS.on("addPlaylistTrack")
async def add_track(parts: Parts, request: Request) -> JSONResponse:
    playlist_id = path_uuid(request)
    body = await json_body(request, TrackIdInput)
    await ask(
        parts.services.playlists.AddTrack, AddPlaylistTrackRequest(playlist_id=playlist_id, track_id=body.track_id)
    )
    return message("Track added to playlist")


@HANDLERS.on("removePlaylistTrack")
async def remove_track(parts: Parts, request: Request) -> JSONResponse:
    wanted = RemovePlaylistTrackRequest(playlist_id=path_uuid(request), track_id=path_uuid(request, "track_id"))
    await ask(parts.services.playlists.RemoveTrack, wanted)
    return message("Track removed from playlist")


@HANDLERS.on("reorderPlaylistTracks")
async def reorder_tracks(parts: Parts, request: Request) -> JSONResponse:
    playlist_id = path_uuid(request)
    body = await json_body(request, TrackOrderInput)
    await ask(
        parts.services.playlists.Reorder, ReorderPlaylistRequest(playlist_id=playlist_id, track_ids=body.track_ids)
    )
    return message("Tracks reordered successfully")
