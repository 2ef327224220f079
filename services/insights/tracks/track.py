"""What insights keeps of a track."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.principal import Principal


@dataclass(frozen=True, slots=True)
class Track:
    id: UUID
    number: int
    owner_id: UUID
    is_public: bool
    is_removed: bool
    # Grows with each change of the track; an older or equal one is ignored.
    version: int
    is_completed: bool = False
    genre: str | None = None
    published_at: datetime | None = None
    # Empty in a row copied before titles were added.
    title: str = ""

    def is_owned_by(self, caller: Principal) -> bool:
        """Whether `caller` may see its figures."""
        return caller.is_admin or caller.is_(self.owner_id)

    def is_open_to(self, caller: Principal) -> bool:
        return self.is_public or self.is_owned_by(caller)
