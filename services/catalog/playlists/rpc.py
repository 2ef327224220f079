"""PlaylistsService on the wire."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from soundstage.catalog.v1 import playlists_pb2 as pb
from soundstage.catalog.v1.playlists_pb2_grpc import PlaylistsServiceServicer

from chassis import idempotency, ids, principal
from chassis.clock import timestamp
from chassis.errors import FieldError, Invalid
from chassis.ids import Ref
from chassis.pages import Page
from chassis.principal import Kind, allow, allow_anyone, allow_services, current
from services.catalog import events
from services.catalog.people.person import Person
from services.catalog.people.rpc import MAX_ITEMS, person, refs
from services.catalog.playlists.domain import Playlists
from services.catalog.playlists.playlist import Collaborator, Permission, Shown, View, Wanted
from services.catalog.playlists.sharing import Sharing
from services.catalog.tracks.domain import Tracks
from services.catalog.tracks.form import Form
from services.catalog.tracks.rpc import track
from services.catalog.tracks.track import View as TrackView

PERMISSIONS = {
    pb.PERMISSION_READ: Permission.READ,
    pb.PERMISSION_WRITE: Permission.WRITE,
    pb.PERMISSION_ADMIN: Permission.ADMIN,
}
SENT = {permission: sent for sent, permission in PERMISSIONS.items()}


class PlaylistsRpc(PlaylistsServiceServicer):
    def __init__(self, playlists: Playlists, sharing: Sharing, tracks: Tracks) -> None:
        self._playlists = playlists
        self._sharing = sharing
        self._tracks = tracks

    @allow(Kind.USER)
    async def Add(self, request: pb.AddPlaylistRequest, context: Any) -> pb.AddPlaylistResponse:
        said = pb.AddPlaylistRequest()
        said.CopyFrom(request)
        said.ClearField("idempotency_key")
        view = await self._playlists.add(
            current(), _form(request), request.idempotency_key, idempotency.fingerprint(said)
        )
        return pb.AddPlaylistResponse(playlist=playlist(view))

    @allow_anyone
    async def Get(self, request: pb.GetPlaylistRequest, context: Any) -> pb.GetPlaylistResponse:
        caller = current()
        view = await self._playlists.get(caller, Ref.of(request.playlist), public_only=request.public_only)
        shown = await self._shown(caller, view) if request.with_tracks else {}
        return pb.GetPlaylistResponse(playlist=playlist(view, shown))

    @allow_anyone
    async def GetBatch(self, request: pb.GetPlaylistBatchRequest, context: Any) -> pb.GetPlaylistBatchResponse:
        if len(request.ids) > MAX_ITEMS:
            raise Invalid(fields=[FieldError("ids", f"must contain at most {MAX_ITEMS}")])
        views = await self._playlists.get_batch(current(), [ids.parse(id) for id in request.ids])
        return pb.GetPlaylistBatchResponse(playlists=[playlist(view) for view in views])

    @allow_anyone
    async def List(self, request: pb.ListPlaylistsRequest, context: Any) -> pb.ListPlaylistsResponse:
        caller = current()
        wanted = Wanted(
            tenant=caller.tenant,
            reader_id=caller.account_id,
            owner_id=ids.parse(request.owner_id, field="owner_id") if request.owner_id else None,
            without_albums=True,
        )
        page = Page.of(request.page.offset, request.page.limit)
        views, total = await self._playlists.search(caller, "", wanted, page)
        return pb.ListPlaylistsResponse(playlists=[summary(view) for view in views], total=total)

    @allow(Kind.USER)
    async def Recommend(self, request: pb.RecommendPlaylistsRequest, context: Any) -> pb.RecommendPlaylistsResponse:
        views = await self._playlists.recommend(current(), Page.of(0, request.limit).limit)
        return pb.RecommendPlaylistsResponse(playlists=[summary(view) for view in views])

    @allow(Kind.USER)
    async def Change(self, request: pb.ChangePlaylistRequest, context: Any) -> pb.ChangePlaylistResponse:
        form = _form(request, has_title="title" in request.fields)
        view = await self._playlists.change(current(), ids.parse(request.id), list(request.fields), form)
        return pb.ChangePlaylistResponse(playlist=summary(view))

    @allow(Kind.USER)
    async def Remove(self, request: pb.RemovePlaylistRequest, context: Any) -> pb.RemovePlaylistResponse:
        await self._playlists.remove(current(), ids.parse(request.id))
        return pb.RemovePlaylistResponse()

    @allow(Kind.USER)
    async def AddTrack(self, request: pb.AddPlaylistTrackRequest, context: Any) -> pb.AddPlaylistTrackResponse:
        track_id = ids.parse(request.track_id, field="track_id")
        await self._playlists.add_track(current(), _playlist_id(request.playlist_id), track_id)
        return pb.AddPlaylistTrackResponse()

    @allow(Kind.USER)
    async def RemoveTrack(self, request: pb.RemovePlaylistTrackRequest, context: Any) -> pb.RemovePlaylistTrackResponse:
        track_id = ids.parse(request.track_id, field="track_id")
        await self._playlists.remove_track(current(), _playlist_id(request.playlist_id), track_id)
        return pb.RemovePlaylistTrackResponse()

    @allow(Kind.USER)
    async def Reorder(self, request: pb.ReorderPlaylistRequest, context: Any) -> pb.ReorderPlaylistResponse:
        order = [ids.parse(id, field="track_ids") for id in request.track_ids]
        await self._playlists.reorder(current(), _playlist_id(request.playlist_id), order)
        return pb.ReorderPlaylistResponse()

    @allow(Kind.USER)
    async def AddCollaborator(self, request: pb.AddCollaboratorRequest, context: Any) -> pb.AddCollaboratorResponse:
        added, who = await self._sharing.add_collaborator(
            current(), _playlist_id(request.playlist_id), _account_id(request), _permission(request)
        )
        return pb.AddCollaboratorResponse(collaborator=_collaborator(added, who))

    @allow(Kind.USER)
    async def ListCollaborators(
        self, request: pb.ListCollaboratorsRequest, context: Any
    ) -> pb.ListCollaboratorsResponse:
        found = await self._sharing.list_collaborators(current(), _playlist_id(request.playlist_id))
        return pb.ListCollaboratorsResponse(collaborators=[_collaborator(one, who) for one, who in found])

    @allow(Kind.USER)
    async def ChangeCollaborator(
        self, request: pb.ChangeCollaboratorRequest, context: Any
    ) -> pb.ChangeCollaboratorResponse:
        changed, who = await self._sharing.change_collaborator(
            current(), _playlist_id(request.playlist_id), _account_id(request), _permission(request)
        )
        return pb.ChangeCollaboratorResponse(collaborator=_collaborator(changed, who))

    @allow(Kind.USER)
    async def RemoveCollaborator(
        self, request: pb.RemoveCollaboratorRequest, context: Any
    ) -> pb.RemoveCollaboratorResponse:
        await self._sharing.remove_collaborator(current(), _playlist_id(request.playlist_id), _account_id(request))
        return pb.RemoveCollaboratorResponse()

    @allow(Kind.USER)
    async def Share(self, request: pb.SharePlaylistRequest, context: Any) -> pb.SharePlaylistResponse:
        fingerprint = idempotency.fingerprint(pb.SharePlaylistRequest(playlist_id=request.playlist_id))
        link = await self._sharing.share(
            current(), _playlist_id(request.playlist_id), request.idempotency_key, fingerprint
        )
        return pb.SharePlaylistResponse(token=link.token, expires_at=timestamp(link.expires_at))

    @allow_anyone
    async def GetShared(self, request: pb.GetSharedPlaylistRequest, context: Any) -> pb.GetSharedPlaylistResponse:
        linked = await self._sharing.get_linked(request.token)
        [view] = await self._playlists.show(principal.ANONYMOUS, [linked])
        return pb.GetSharedPlaylistResponse(playlist=playlist(view, await self._shown(principal.ANONYMOUS, view)))

    @allow_services
    async def ListStates(self, request: pb.ListPlaylistStatesRequest, context: Any) -> pb.ListPlaylistStatesResponse:
        found = await self._playlists.list_states(refs(request.playlists))
        return pb.ListPlaylistStatesResponse(playlists=[events.playlist_state(p) for p in found])

    @allow_services
    async def Export(
        self, request: pb.ExportPlaylistsRequest, context: Any
    ) -> AsyncIterator[pb.ExportPlaylistsResponse]:
        after = ids.parse(request.after_id, field="after_id") if request.after_id else None
        async for batch in self._playlists.export(after):
            yield pb.ExportPlaylistsResponse(playlists=[events.playlist_state(p) for p in batch])

    async def _shown(self, caller: principal.Principal, view: View) -> dict[UUID, TrackView]:
        """The tracks of a playlist as they are shown, by id."""
        found = await self._tracks.show(caller, [shown.track.id for shown in view.entries], public_only=False)
        return {track.id: track for track in found}


def summary(view: View) -> pb.Playlist:
    """A playlist without its entries."""
    p = view.playlist
    return pb.Playlist(
        id=str(p.id),
        number=p.number,
        owner=person(view.owner),
        title=p.title,
        description=p.description,
        is_public=p.is_public,
        is_album=p.is_album,
        slug=p.slug,
        track_count=view.track_count,
        total_play_count=view.plays,
        like_count=view.likes,
        repost_count=view.reposts,
        cover_object=view.cover_object,
        created_at=timestamp(p.created_at),
        updated_at=timestamp(p.updated_at),
    )


def playlist(view: View, tracks_shown: Mapping[UUID, TrackView] | None = None) -> pb.Playlist:
    """A playlist with its entries, and with their tracks where they are given."""
    message = summary(view)
    message.entries.extend(_entry(shown, (tracks_shown or {}).get(shown.track.id)) for shown in view.entries)
    return message


def _entry(shown: Shown, view: TrackView | None) -> pb.PlaylistEntry:
    return pb.PlaylistEntry(
        id=str(shown.entry.id),
        track_id=str(shown.track.id),
        track_number=shown.track.number,
        added_at=timestamp(shown.entry.added_at),
        position=shown.position,
        track=track(view) if view else None,
    )


def _collaborator(one: Collaborator, who: Person) -> pb.Collaborator:
    return pb.Collaborator(person=person(who), permission=SENT[one.permission], added_at=timestamp(one.added_at))


def _form(request: pb.AddPlaylistRequest | pb.ChangePlaylistRequest, *, has_title: bool = True) -> Form:
    description = request.description if request.HasField("description") else None
    return Form(title=request.title if has_title else None, description=description, is_public=request.is_public)


def _playlist_id(text: str) -> UUID:
    return ids.parse(text, field="playlist_id")


def _account_id(
    request: pb.AddCollaboratorRequest | pb.ChangeCollaboratorRequest | pb.RemoveCollaboratorRequest,
) -> UUID:
    return ids.parse(request.account_id, field="account_id")


def _permission(request: pb.AddCollaboratorRequest | pb.ChangeCollaboratorRequest) -> Permission:
    if request.permission not in PERMISSIONS:
        raise Invalid(fields=[FieldError("permission", "must be read, write or admin")])
    return PERMISSIONS[request.permission]
