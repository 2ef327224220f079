from soundstage.catalog.v1.playlists_pb2 import Collaborator, Permission, SharePlaylistResponse

from gateway.web.fields import JSON, moment

PERMISSIONS = {
    "read": Permission.PERMISSION_READ,
    "write": Permission.PERMISSION_WRITE,
    "admin": Permission.PERMISSION_ADMIN,
}
_PERMISSION_NAMES = {permission: name for name, permission in PERMISSIONS.items()}


def collaborator(c: Collaborator) -> JSON:
    return {
        "id": c.person.id,
        "username": c.person.handle,
        "permission": _PERMISSION_NAMES[c.permission],
        "added_at": moment(c.added_at),
    }


def share_link(s: SharePlaylistResponse, prefix: str) -> JSON:
    """`prefix` is the link up to its token."""
    return {"share_token": s.token, "share_url": f"{prefix}/{s.token}", "expires_at": moment(s.expires_at)}
