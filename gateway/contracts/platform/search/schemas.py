"""Queries of searches."""

from typing import Annotated, Literal, Self

from pydantic import Strict, StringConstraints, model_validator

from gateway.contracts.platform.fields import AudioFormat, GenreFilter, Pages, SearchText
from gateway.web.fields import BOOLEAN, INTEGER, Moment, Uuid, between, pattern

_SOME_TEXT = pattern(r"^[^\x00]*[^\s\x00][^\x00]*$", "must not be blank or contain NUL characters")

Seconds = Annotated[int, INTEGER, between(0, 86400)]


class SearchQuery(Pages):
    q: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_SOME_TEXT)]
    type: Literal["tracks", "playlists", "users"] | None = None


class PlaylistSearchQuery(Pages):
    user_id: Uuid | None = None
    q: SearchText = ""
    is_public: Annotated[bool, Strict(), BOOLEAN] | None = None


class TrackSearchQuery(Pages):
    q: SearchText = ""
    genre: GenreFilter | None = None
    format: AudioFormat | None = None
    min_duration: Seconds | None = None
    max_duration: Seconds | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None
    sort_by: Literal["title", "popularity", "created_at"] | None = None
    sort_order: Literal["asc", "desc"] = "desc"

    @model_validator(mode="after")
    def _ranges_are_not_reversed(self) -> Self:
        if None not in (self.min_duration, self.max_duration) and self.min_duration > self.max_duration:  # type: ignore[operator]
            raise ValueError("min_duration must not exceed max_duration")
        if self.start_date and self.end_date and self.start_date > self.end_date:
            raise ValueError("start_date must not be after end_date")
        return self
