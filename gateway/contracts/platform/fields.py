"""What the schemas of several resources share, with the lengths and patterns of the document."""

from typing import Annotated, Any, Literal, Self

from pydantic import StringConstraints, model_validator

from gateway.web.fields import INTEGER, NO_CONTROLS, NO_NUL, NOT_BLANK, between
from gateway.web.reading import Body, Query

Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NOT_BLANK)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=NO_NUL)]
SearchText = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
GenreFilter = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_CONTROLS)]
AudioFormat = Literal["mp3", "flac", "wav", "ogg", "m4a"]


class Pages(Query):
    page: Annotated[int, INTEGER, between(1, 100000)] = 1
    limit: Annotated[int, INTEGER, between(1, 100)] = 20


class ChangeBody(Body):
    """A PUT: only what is sent changes; nothing sent is an error."""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must name at least one field")
        return self

    def sent(self) -> dict[str, Any]:
        """What was sent, by field; an empty string in a field that may be null means null."""
        values = {name: getattr(self, name) for name in sorted(self.model_fields_set)}
        return {name: None if value == "" else value for name, value in values.items()}
