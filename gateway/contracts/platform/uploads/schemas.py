"""The form of an upload."""

from typing import Annotated

from pydantic import StringConstraints

from gateway.contracts.platform.fields import Text, Title
from gateway.contracts.platform.tracks.schemas import Album, Genre, Year
from gateway.web.fields import BOOLEAN, INTEGER, NO_CONTROLS
from gateway.web.reading import Body


class TrackFields(Body):
    """The form's fields, which arrive as text."""

    title: Title | None = None
    artist: Title | None = None
    album: Album | None = None
    genre: Genre | None = None
    year: Annotated[Year, INTEGER] | None = None
    mood: Genre | None = None
    tags: Annotated[str, StringConstraints(max_length=1000, pattern=NO_CONTROLS)] | None = None
    description: Text | None = None
    is_public: Annotated[bool, BOOLEAN] | None = None
