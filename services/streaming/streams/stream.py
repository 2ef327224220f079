"""A stream: a recording with what the copy says of its track, and where it is played from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.principal import Principal


@dataclass(frozen=True)
class Opened:
    folder: str
    playlist: str


@dataclass(frozen=True)
class Stream:
    track_id: UUID
    owner_id: UUID
    is_ready: bool
    is_public: bool
    is_open: bool
    published_at: datetime | None

    def may_be_played_by(self, caller: Principal) -> bool:
        """Owners may play private tracks; everyone may play public ones from the release date on."""
        if not self.is_open:
            return False
        if caller.is_admin or caller.is_(self.owner_id):
            return True
        return self.is_public and self.published_at is not None and self.published_at <= clock.utc_now()
