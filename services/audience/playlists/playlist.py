"""What audience keeps of a playlist."""

from dataclasses import dataclass
from uuid import UUID

from chassis.principal import Principal


@dataclass(frozen=True, slots=True)
class Playlist:
    id: UUID
    tenant: str
    owner_id: UUID
    is_public: bool
    collaborator_ids: tuple[UUID, ...]
    version: int
    is_removed: bool

    def exists_for(self, caller: Principal) -> bool:
        return not self.is_removed and self.tenant == caller.tenant

    def is_open_to(self, caller: Principal) -> bool:
        """Whether `caller` may see it: anyone a public one; its owner, collaborators and admins a private one."""
        return self.is_public or caller.is_admin or caller.account_id in (self.owner_id, *self.collaborator_ids)
