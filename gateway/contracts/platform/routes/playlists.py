from soundstage.catalog.v1.playlists_pb2 import (
    AddCollaboratorRequest,
    AddPlaylistRequest,
    AddPlaylistTrackRequest,
    ChangeCollaboratorRequest,
    ChangePlaylistRequest,
    GetPlaylistRequest,
    GetSharedPlaylistRequest,
    ListCollaboratorsRequest,
    ListPlaylistsRequest,
    RecommendPlaylistsRequest,
    RemoveCollaboratorRequest,
    RemovePlaylistRequest,
    RemovePlaylistTrackRequest,
    ReorderPlaylistRequest,
    SharePlaylistRequest,
)
from soundstage.catalog.v1.search_pb2 import SearchPlaylistsRequest

from gateway.calls.wire import ask, page, ref
from gateway.contract import Handlers
from gateway.contracts.platform import mapping
from gateway.contracts.platform.schemas import (
    CollaboratorInput,
    PermissionInput,
    PlaylistChangeInput,
    PlaylistInput,
    PlaylistSearchQuery,
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

PERMISSIONS = {name: permission for permission, name in mapping.PERMISSION.items()}
SHARED = "/api/v1/playlists/shared"


@HANDLERS.on("listPlaylists")
async def list_playlists(parts: Parts, request: Request) -> JSONResponse:
    asked = query(request, PlaylistsQuery)
    answer = await ask(
        parts.services.playlists.List,
        ListPlaylistsRequest(page=page(asked.page, asked.limit), owner_id=asked.user_id or ""),
    )
    playlists = [mapping.playlist_summary(playlist) for playlist in answer.playlists]
    pagination = mapping.pagination(asked.page, asked.limit, answer.total)
    return JSONResponse(mapping.success({"playlists": playlists, "pagination": pagination}))


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
    return JSONResponse(mapping.success({"playlist": mapping.new_playlist(answer.playlist)}), 201)


@HANDLERS.on("searchPlaylists")
async def search_playlists(parts: Parts, request: Request) -> JSONResponse:
    asked = query(request, PlaylistSearchQuery)
    answer = await ask(
        parts.services.search.SearchPlaylists,
        SearchPlaylistsRequest(
            query=asked.q,
            page=page(asked.page, asked.limit),
            owner_id=asked.user_id or "",
            is_public=asked.is_public,
            without_albums=True,
        ),
    )
    hits = [mapping.playlist_hit(playlist) for playlist in answer.playlists]
    found = {"playlists": hits, "total": answer.total, "page": asked.page, "limit": asked.limit}
    return JSONResponse(mapping.success(found))


@HANDLERS.on("getPlaylistRecommendations")
async def recommend_playlists(parts: Parts, request: Request) -> JSONResponse:
    asked = query(request, RecommendationsQuery)
    answer = await ask(parts.services.playlists.Recommend, RecommendPlaylistsRequest(limit=asked.limit))
    hits = [mapping.playlist_hit(playlist) for playlist in answer.playlists]
    return JSONResponse(mapping.success({"playlists": hits}))


@HANDLERS.on("getPlaylist")
async def get_playlist(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(
        parts.services.playlists.Get, GetPlaylistRequest(playlist=ref(path_uuid(request)), with_tracks=True)
    )
    return JSONResponse(mapping.success({"playlist": mapping.playlist(answer.playlist)}))


@HANDLERS.on("updatePlaylist")
async def change_playlist(parts: Parts, request: Request) -> JSONResponse:
    playlist_id = path_uuid(request)
    sent = (await json_body(request, PlaylistChangeInput)).sent()
    answer = await ask(
        parts.services.playlists.Change, ChangePlaylistRequest(id=playlist_id, fields=list(sent), **sent)
    )
    return JSONResponse(mapping.success({"playlist": mapping.changed_playlist(answer.playlist)}))


@HANDLERS.on("deletePlaylist")
async def remove_playlist(parts: Parts, request: Request) -> JSONResponse:
    await ask(parts.services.playlists.Remove, RemovePlaylistRequest(id=path_uuid(request)))
    return JSONResponse(mapping.message("Playlist deleted successfully"))


@HANDLERS.on("addPlaylistTrack")
async def add_track(parts: Parts, request: Request) -> JSONResponse:
    playlist_id = path_uuid(request)
    body = await json_body(request, TrackIdInput)
    await ask(
        parts.services.playlists.AddTrack, AddPlaylistTrackRequest(playlist_id=playlist_id, track_id=body.track_id)
    )
    return JSONResponse(mapping.message("Track added to playlist"))


@HANDLERS.on("removePlaylistTrack")
async def remove_track(parts: Parts, request: Request) -> JSONResponse:
    wanted = RemovePlaylistTrackRequest(playlist_id=path_uuid(request), track_id=path_uuid(request, "track_id"))
    await ask(parts.services.playlists.RemoveTrack, wanted)
    return JSONResponse(mapping.message("Track removed from playlist"))


@HANDLERS.on("reorderPlaylistTracks")
async def reorder_tracks(parts: Parts, request: Request) -> JSONResponse:
    playlist_id = path_uuid(request)
    body = await json_body(request, TrackOrderInput)
    await ask(
        parts.services.playlists.Reorder, ReorderPlaylistRequest(playlist_id=playlist_id, track_ids=body.track_ids)
    )
    return JSONResponse(mapping.message("Tracks reordered successfully"))


@HANDLERS.on("addCollaborator")
async def add_collaborator(parts: Parts, request: Request) -> JSONResponse:
    playlist_id = path_uuid(request)
    body = await json_body(request, CollaboratorInput)
    await ask(
        parts.services.playlists.AddCollaborator,
        AddCollaboratorRequest(
            playlist_id=playlist_id, account_id=body.user_id, permission=PERMISSIONS[body.permission]
        ),
    )
    return JSONResponse(mapping.message("Collaborator added successfully"))


@HANDLERS.on("listCollaborators")
async def list_collaborators(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(
        parts.services.playlists.ListCollaborators, ListCollaboratorsRequest(playlist_id=path_uuid(request))
    )
    collaborators = [mapping.collaborator(one) for one in answer.collaborators]
    return JSONResponse(mapping.success({"collaborators": collaborators}))


@HANDLERS.on("updateCollaborator")
async def change_collaborator(parts: Parts, request: Request) -> JSONResponse:
    playlist_id, account_id = path_uuid(request), path_uuid(request, "userId")
    body = await json_body(request, PermissionInput)
    await ask(
        parts.services.playlists.ChangeCollaborator,
        ChangeCollaboratorRequest(
            playlist_id=playlist_id, account_id=account_id, permission=PERMISSIONS[body.permission]
        ),
    )
    return JSONResponse(mapping.message("Collaborator permission updated"))


@HANDLERS.on("removeCollaborator")
async def remove_collaborator(parts: Parts, request: Request) -> JSONResponse:
    wanted = RemoveCollaboratorRequest(playlist_id=path_uuid(request), account_id=path_uuid(request, "userId"))
    await ask(parts.services.playlists.RemoveCollaborator, wanted)
    return JSONResponse(mapping.message("Collaborator removed successfully"))


@HANDLERS.on("createShareLink")
async def share_playlist(parts: Parts, request: Request) -> JSONResponse:
    wanted = SharePlaylistRequest(playlist_id=path_uuid(request), idempotency_key=idempotency_key(request))
    answer = await ask(parts.services.playlists.Share, wanted)
    return JSONResponse(mapping.success(mapping.share_link(answer, parts.origin(request) + SHARED)))


@HANDLERS.on("getSharedPlaylist")
async def get_shared_playlist(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(parts.services.playlists.GetShared, GetSharedPlaylistRequest(token=request.path_params["token"]))
    return JSONResponse(mapping.success({"playlist": mapping.playlist(answer.playlist)}))
