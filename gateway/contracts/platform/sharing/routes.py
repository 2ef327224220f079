from soundstage.catalog.v1.playlists_pb2 import (
    AddCollaboratorRequest,
    ChangeCollaboratorRequest,
    GetSharedPlaylistRequest,
    ListCollaboratorsRequest,
    RemoveCollaboratorRequest,
    SharePlaylistRequest,
)

from gateway.calls.wire import ask
from gateway.contract import Handlers
from gateway.contracts.platform.envelope import message, success
from gateway.contracts.platform.playlists.mapping import playlist
from gateway.contracts.platform.sharing import mapping
from gateway.contracts.platform.sharing.schemas import CollaboratorInput, PermissionInput
from gateway.parts import Parts
from gateway.web.reading import idempotency_key, json_body, path_uuid
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()
SHARED = "/api/v1/playlists/shared"


@HANDLERS.on("addCollaborator")
async def add_collaborator(parts: Parts, request: Request) -> JSONResponse:
    playlist_id = path_uuid(request)
    body = await json_body(request, CollaboratorInput)
    await ask(
        parts.services.playlists.AddCollaborator,
        AddCollaboratorRequest(
            playlist_id=playlist_id, account_id=body.user_id, permission=mapping.PERMISSIONS[body.permission]
        ),
    )
    return message("Collaborator added successfully")


@HANDLERS.on("listCollaborators")
async def list_collaborators(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(
        parts.services.playlists.ListCollaborators, ListCollaboratorsRequest(playlist_id=path_uuid(request))
    )
    collaborators = [mapping.collaborator(one) for one in answer.collaborators]
    return success({"collaborators": collaborators})


@HANDLERS.on("updateCollaborator")
async def change_collaborator(parts: Parts, request: Request) -> JSONResponse:
    playlist_id, account_id = path_uuid(request), path_uuid(request, "userId")
    body = await json_body(request, PermissionInput)
    await ask(
        parts.services.playlists.ChangeCollaborator,
        ChangeCollaboratorRequest(
            playlist_id=playlist_id, account_id=account_id, permission=mapping.PERMISSIONS[body.permission]
        ),
    )
    return message("Collaborator permission updated")


@HANDLERS.on("removeCollaborator")
async def remove_collaborator(parts: Parts, request: Request) -> JSONResponse:
    wanted = RemoveCollaboratorRequest(playlist_id=path_uuid(request), account_id=path_uuid(request, "userId"))
    await ask(parts.services.playlists.RemoveCollaborator, wanted)
    return message("Collaborator removed successfully")


@HANDLERS.on("createShareLink")
async def share_playlist(parts: Parts, request: Request) -> JSONResponse:
    wanted = SharePlaylistRequest(playlist_id=path_uuid(request), idempotency_key=idempotency_key(request))
    answer = await ask(parts.services.playlists.Share, wanted)
    return success(mapping.share_link(answer, parts.origin(request) + SHARED))


@HANDLERS.on("getSharedPlaylist")
async def get_shared_playlist(parts: Parts, request: Request) -> JSONResponse:
    answer = await ask(parts.services.playlists.GetShared, GetSharedPlaylistRequest(token=request.path_params["token"]))
    return success({"playlist": playlist(answer.playlist)})
