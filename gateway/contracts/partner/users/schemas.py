"""Bodies of users."""

from typing import Annotated

from pydantic import Field, StringConstraints

from gateway.web.fields import NOT_BLANK
from gateway.web.reading import Body

Name = Annotated[str, Field(min_length=1, max_length=255, pattern=NOT_BLANK)]


class NewUser(Body):
    first_name: Name
    last_name: Name
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
    date_of_birth: str = Field(max_length=10)
