"""Bodies and queries of tracks."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from gateway.contracts.platform.fields import AudioFormat, ChangeBody, GenreFilter, Pages, Title
from gateway.web.fields import NO_CONTROLS, Uuid, between
from gateway.web.reading import Body

Album = Annotated[str, StringConstraints(max_length=200, pattern=NO_CONTROLS)]
Genre = Annotated[str, StringConstraints(max_length=64, pattern=NO_CONTROLS)]
Year = Annotated[int, between(1000, 9999)]


class TracksQuery(Pages):
    user_id: Uuid | None = None
    genre: GenreFilter | None = None
    format: AudioFormat | None = None
    sort_by: Literal["created_at", "title", "popularity"] = "created_at"
    sort_order: Literal["asc", "desc"] = "desc"


class TrackInput(ChangeBody):
    title: Title = ""
    artist: Title = ""
    album: Album | None = None
    genre: Genre | None = None
    year: Year | None = None
    is_public: bool = True


class PlayInput(Body):
    duration: Annotated[int, between(0, 86400)]
    device: Annotated[str, StringConstraints(max_length=255, pattern=NO_CONTROLS)] | None = None
