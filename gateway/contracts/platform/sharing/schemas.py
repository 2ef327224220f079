"""Bodies of collaborators."""

from typing import Literal

from gateway.web.fields import Uuid
from gateway.web.reading import Body


class PermissionInput(Body):
    permission: Literal["read", "write", "admin"]


class CollaboratorInput(PermissionInput):
    user_id: Uuid
