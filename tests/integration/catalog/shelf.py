"""Short words for what tests say of playlists to a catalog as wired for production."""

from typing import Any

from soundstage.catalog.v1 import playlists_pb2 as pb
from soundstage.catalog.v1 import search_pb2
from soundstage.common.v1.common_pb2 import Page, Ref

from chassis.client import call
from chassis.principal import ANONYMOUS, SERVICE, Principal
from tests.integration.catalog.system import System

READ, WRITE, ADMIN = pb.PERMISSION_READ, pb.PERMISSION_WRITE, pb.PERMISSION_ADMIN


class Shelf:
    def __init__(self, system: System) -> None:
        self.system, self.stub = system, system.playlists

    async def add(self, caller: Principal, title: str = "Mix", *, is_public: bool = True, **said: Any) -> pb.Playlist:
        request = pb.AddPlaylistRequest(title=title, is_public=is_public, **said)
        return (await call(self.stub.Add, request, caller=caller)).playlist  # type: ignore[no-any-return]

    async def filled(self, caller: Principal, *track_ids: str, **said: Any) -> pb.Playlist:
        """A playlist of these tracks."""
        playlist = await self.add(caller, **said)
        for track_id in track_ids:
            await self.add_track(playlist, caller, track_id)
        return playlist

    async def get(
        self, playlist: pb.Playlist | Ref, caller: Principal = ANONYMOUS, *, public_only: bool = False
    ) -> pb.Playlist:
        ref = playlist if isinstance(playlist, Ref) else Ref(id=playlist.id)
        request = pb.GetPlaylistRequest(playlist=ref, public_only=public_only, with_tracks=True)
        return (await call(self.stub.Get, request, caller=caller)).playlist  # type: ignore[no-any-return]

    async def order(self, playlist: pb.Playlist, caller: Principal = ANONYMOUS) -> list[tuple[int, str]]:
        """Position and title of each track that the caller sees."""
        return [(entry.position, entry.track.title) for entry in (await self.get(playlist, caller)).entries]

    async def change(self, playlist: pb.Playlist, caller: Principal, *fields: str, **said: Any) -> pb.Playlist:
        request = pb.ChangePlaylistRequest(id=playlist.id, fields=fields or list(said), **said)
        return (await call(self.stub.Change, request, caller=caller)).playlist  # type: ignore[no-any-return]

    async def remove(self, playlist: pb.Playlist, caller: Principal) -> None:
        await call(self.stub.Remove, pb.RemovePlaylistRequest(id=playlist.id), caller=caller)

    async def add_track(self, playlist: pb.Playlist, caller: Principal, track_id: str) -> None:
        await call(
            self.stub.AddTrack, pb.AddPlaylistTrackRequest(playlist_id=playlist.id, track_id=track_id), caller=caller
        )

    async def remove_track(self, playlist: pb.Playlist, caller: Principal, track_id: str) -> None:
        request = pb.RemovePlaylistTrackRequest(playlist_id=playlist.id, track_id=track_id)
        await call(self.stub.RemoveTrack, request, caller=caller)

    async def reorder(self, playlist: pb.Playlist, caller: Principal, *track_ids: str) -> None:
        await call(
            self.stub.Reorder, pb.ReorderPlaylistRequest(playlist_id=playlist.id, track_ids=track_ids), caller=caller
        )

    async def let_in(self, playlist: pb.Playlist, caller: Principal, who: Principal, permission: Any) -> None:
        request = pb.AddCollaboratorRequest(
            playlist_id=playlist.id, account_id=str(who.account_id), permission=permission
        )
        await call(self.stub.AddCollaborator, request, caller=caller)

    async def permit(self, playlist: pb.Playlist, caller: Principal, who: Principal, permission: Any) -> None:
        request = pb.ChangeCollaboratorRequest(
            playlist_id=playlist.id, account_id=str(who.account_id), permission=permission
        )
        await call(self.stub.ChangeCollaborator, request, caller=caller)

    async def put_out(self, playlist: pb.Playlist, caller: Principal, who: Principal) -> None:
        request = pb.RemoveCollaboratorRequest(playlist_id=playlist.id, account_id=str(who.account_id))
        await call(self.stub.RemoveCollaborator, request, caller=caller)

    async def collaborators(self, playlist: pb.Playlist, caller: Principal) -> list[tuple[str, int]]:
        request = pb.ListCollaboratorsRequest(playlist_id=playlist.id)
        answer = await call(self.stub.ListCollaborators, request, caller=caller)
        return [(one.person.id, one.permission) for one in answer.collaborators]

    async def share(self, playlist: pb.Playlist, caller: Principal, key: str = "") -> pb.SharePlaylistResponse:
        request = pb.SharePlaylistRequest(playlist_id=playlist.id, idempotency_key=key)
        return await call(self.stub.Share, request, caller=caller)  # type: ignore[no-any-return]

    async def shared(self, token: str) -> pb.Playlist:
        answer = await call(self.stub.GetShared, pb.GetSharedPlaylistRequest(token=token), caller=ANONYMOUS)
        return answer.playlist  # type: ignore[no-any-return]

    async def list_titles(self, caller: Principal = ANONYMOUS, owner: Principal | None = None) -> list[str]:
        request = pb.ListPlaylistsRequest(owner_id=str(owner.account_id) if owner else "")
        return [p.title for p in (await call(self.stub.List, request, caller=caller)).playlists]

    async def find(self, query: str, caller: Principal = ANONYMOUS, **filters: Any) -> list[str]:
        request = search_pb2.SearchPlaylistsRequest(query=query, page=Page(limit=50), **filters)
        answer = await call(self.system.search.SearchPlaylists, request, caller=caller)
        assert answer.total == len(answer.playlists)
        return [p.title for p in answer.playlists]

    async def recommend(self, caller: Principal, limit: int = 10) -> list[str]:
        answer = await call(self.stub.Recommend, pb.RecommendPlaylistsRequest(limit=limit), caller=caller)
        return [p.title for p in answer.playlists]

    async def state(self, playlist_id: str) -> pb.PlaylistState:
        request = pb.ListPlaylistStatesRequest(playlists=[Ref(id=playlist_id)])
        [state] = (await call(self.stub.ListStates, request, caller=SERVICE)).playlists
        return state  # type: ignore[no-any-return]

    async def outbox(self, playlist_id: str) -> list[tuple[str, pb.PlaylistState]]:
        cursor = self.system.mongo.collection("outbox").find({"key": playlist_id}).sort("_id", 1)
        return [(d["type"], pb.PlaylistState.FromString(d["payload"])) for d in await cursor.to_list(None)]

    async def tell(self) -> None:
        """Hands catalog's own playlist events to its consumers, as the relay would."""
        mine = {"type": {"$in": ["PlaylistChanged", "PlaylistRemoved"]}}
        for d in await self.system.mongo.collection("outbox").find(mine).sort("_id", 1).to_list(None):
            await self.system.learn(d["topic"], d["type"], bytes(d["payload"]))
