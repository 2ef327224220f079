"""What discovery's query parameters may hold; unknown ones are ignored."""

from typing import Annotated

from pydantic import BeforeValidator

from gateway.web.reading import Query


def _flag(value: object) -> object:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError(f"The value '{value}' is not true or false.")


Flag = Annotated[bool, BeforeValidator(_flag)]


class StreamQuery(Query):
    skip_play_count: Flag = False
    no_redirect: Flag = False
