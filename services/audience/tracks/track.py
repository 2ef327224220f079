"""What audience keeps of a track."""

from dataclasses import dataclass
from uuid import UUID

from chassis.principal import Principal


@dataclass(frozen=True, slots=True)
class Track:
    id: UUID
    number: int
    owner_id: UUID
    is_public: bool
    is_completed: bool
    duration_ms: int
    version: int
    is_removed: bool

    def exists_for(self, caller: Principal) -> bool:
        return not self.is_removed

    def is_open_to(self, caller: Principal) -> bool:
        """Whether `caller` may know of it: anyone of a public one; its owner and admins of a private one."""
        return self.is_public or caller.is_admin or caller.is_(self.owner_id)
