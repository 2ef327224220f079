"""Playlists as the authorization matrix asks for them: the owner's, some of which `other` may work on."""

from typing import Any

from tests.support.callers import Callers
from tests.support.people import ok

# By name: whether it is public, and what `other` may do with it as a collaborator.
PLAYLISTS = {
    "list": (True, ""),
    "private-list": (False, ""),
    "read-list": (False, "read"),
    "write-list": (False, "write"),
    "admin-list": (False, "admin"),
}


class Shelves:
    def __init__(self, callers: Callers, track_id: str) -> None:
        self.owner, self.other, self.seller = (callers.people[name] for name in ("owner", "other", "seller"))
        self.track_id = track_id
        self.ids = {name: self._make(name) for name in PLAYLISTS}
        self.token = ok(self.owner.post(f"/playlists/{self.ids['private-list']}/share"))["share_token"]

    def parameters(self, thing: str) -> dict[str, str]:
        """Of the playlist of this name; of a spare one (`spare-admin-list`) made now."""
        playlist_id = self.ids.get(thing) or self._make(thing.removeprefix("spare-"))
        return {"id": playlist_id, "track_id": self.track_id, "userId": self.seller.id, "token": self.token}

    def ready(self, operation: str, thing: str) -> dict[str, Any]:
        """The body that the operation needs, after the owner made the playlist one that it can succeed on."""
        seller, track = {"user_id": self.seller.id, "permission": "read"}, {"track_id": self.track_id}
        to_begin_with: dict[str, tuple[str, str, Any]] = {
            "addPlaylistTrack": ("DELETE", f"tracks/{self.track_id}", None),
            "removePlaylistTrack": ("POST", "tracks", track),
            "reorderPlaylistTracks": ("POST", "tracks", track),
            "addCollaborator": ("DELETE", f"collaborators/{self.seller.id}", None),
            "updateCollaborator": ("POST", "collaborators", seller),
            "removeCollaborator": ("POST", "collaborators", seller),
        }
        bodies: dict[str, Any] = {
            "updatePlaylist": {"title": "Changed"},
            "addPlaylistTrack": track,
            "reorderPlaylistTracks": {"track_ids": [self.track_id]},
            "addCollaborator": seller,
            "updateCollaborator": {"permission": "write"},
        }
        if operation in to_begin_with:
            method, path, body = to_begin_with[operation]
            self.owner.call(method, f"/playlists/{self.ids[thing]}/{path}", json=body)
        return {"json": bodies[operation]} if operation in bodies else {}

    def _make(self, name: str) -> str:
        is_public, permission = PLAYLISTS[name]
        body = {"title": f"A list of {self.owner.user['username']}", "is_public": is_public}
        made = ok(self.owner.post("/playlists", json=body), 201)["playlist"]
        if permission:
            invited = {"user_id": self.other.id, "permission": permission}
            ok(self.owner.post(f"/playlists/{made['id']}/collaborators", json=invited))
        return str(made["id"])
