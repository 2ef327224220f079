"""Bodies and queries of the platform contract, with the lengths and patterns of its document."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    Strict,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from gateway.web.reading import Body, Query, is_uuid

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_NOT_BLANK = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_NO_NUL = r"^[^\x00]*$"
_EMAIL = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
)
_AVATAR = (
    r"^https://[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
    r"(:[0-9]{1,5})?(/([A-Za-z0-9._~/-]|%[0-9A-Fa-f]{2})*)?$"
)


def _a_uuid(text: str) -> str:
    if not is_uuid(text):
        raise ValueError("must be a UUID")
    return text.lower()


def _an_integer(value: Any) -> Any:
    """Queries are text, and only plain decimal digits are a number."""
    if isinstance(value, str):
        if not re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
            raise ValueError("must be an integer")
        return int(value)
    return value


def _a_boolean(value: Any) -> Any:
    """As `_an_integer`: the two words of JSON alone."""
    return {"true": True, "false": False}.get(value, value)


def _a_moment(value: Any) -> Any:
    # A plus sign that was not escaped arrives as a space.
    text = str(value).replace(" ", "+")
    try:
        if _RFC3339.fullmatch(text):
            return datetime.fromisoformat(_cut_fraction(text.upper())).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be an RFC 3339 time")


def _cut_fraction(text: str) -> str:
    return re.sub(r"(\.\d{6})\d+", r"\1", text)


def _in_minor_units(value: Any) -> int:
    """The decimal as sent, exactly: 9.99 is 999. Never rounded."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")
    amount = Decimal(value)
    if not 0 <= amount <= Decimal("999999.99"):
        raise ValueError("must be between 0 and 999999.99")
    # Comparing is exact whatever the number of digits, multiplying would round.
    if amount != (cents := amount.quantize(Decimal("0.01"))):
        raise ValueError("must have at most two decimal places")
    return int(cents * 100)


def _between(lowest: int, highest: int) -> AfterValidator:
    def check(value: int) -> int:
        if not lowest <= value <= highest:
            raise ValueError(f"must be between {lowest} and {highest}")
        return value

    return AfterValidator(check)


Uuid = Annotated[str, AfterValidator(_a_uuid)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NOT_BLANK)]
Line = Annotated[str, StringConstraints(max_length=100, pattern=_NO_CONTROLS)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=_NO_NUL)]
Genre = Annotated[str, StringConstraints(max_length=64, pattern=_NO_CONTROLS)]
Album = Annotated[str, StringConstraints(max_length=200, pattern=_NO_CONTROLS)]
Username = Annotated[str, StringConstraints(min_length=3, max_length=30, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{2,29}$")]
Email = Annotated[str, StringConstraints(max_length=254, pattern=_EMAIL)]
Avatar = Annotated[str, StringConstraints(max_length=2048, pattern=_AVATAR)]
Year = Annotated[int, _between(1000, 9999)]
PriceMinor = Annotated[int, BeforeValidator(_in_minor_units)]
Moment = Annotated[datetime, BeforeValidator(_a_moment)]
AudioFormat = Literal["mp3", "flac", "wav", "ogg", "m4a"]
Permission = Literal["read", "write", "admin"]
ProductStatus = Literal["draft", "active", "archived"]
Seconds = Annotated[int, BeforeValidator(_an_integer), _between(0, 86400)]


class RegisterInput(Body):
    username: Username
    email: Email
    password: Annotated[str, StringConstraints(min_length=8, max_length=128, pattern=_NO_NUL)]
    password_confirm: Annotated[str, StringConstraints(max_length=128)]

    @field_validator("password_confirm")
    @classmethod
    def _repeats_the_password(cls, value: str, others: ValidationInfo) -> str:
        if value != others.data.get("password", value):
            raise ValueError("must be the same as password")
        return value


class LoginInput(Body):
    email: Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=_NO_NUL)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_NO_NUL)]
    remember_me: bool = False


class RefreshInput(Body):
    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=_NO_NUL)]


class ChangeBody(Body):
    """A PUT: only what is sent changes; nothing sent is an error."""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must name at least one field")
        return self

    def sent(self) -> dict[str, Any]:
        """What was sent, by field; an empty text in a field that may be null means null."""
        values = {name: getattr(self, name) for name in sorted(self.model_fields_set)}
        return {name: None if value == "" else value for name, value in values.items()}


class ProfileInput(ChangeBody):
    username: Username = ""
    bio: Text | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    location: Line | None = None
    gender: Line | None = None
    avatar: Avatar | None = None


class TrackInput(ChangeBody):
    title: Title = ""
    artist: Title = ""
    album: Album | None = None
    genre: Genre | None = None
    year: Year | None = None
    is_public: bool = True


class TrackFields(Body):
    """The form fields of an upload, read as text."""

    title: Title | None = None
    artist: Title | None = None
    album: Album | None = None
    genre: Genre | None = None
    year: Annotated[int, BeforeValidator(_an_integer), _between(1000, 9999)] | None = None
    mood: Genre | None = None
    tags: Annotated[str, StringConstraints(max_length=1000, pattern=_NO_CONTROLS)] | None = None
    description: Text | None = None
    is_public: Annotated[bool, BeforeValidator(_a_boolean)] | None = None


class PlaylistInput(Body):
    title: Title
    description: Text | None = None
    is_public: bool = True


class PlaylistChangeInput(ChangeBody):
    title: Title = ""
    description: Text | None = None
    is_public: bool = True


class TrackIdInput(Body):
    track_id: Uuid


class TrackOrderInput(Body):
    track_ids: Annotated[list[Uuid], Field(min_length=1, max_length=1000)]

    @field_validator("track_ids")
    @classmethod
    def _names_each_once(cls, track_ids: list[str]) -> list[str]:
        if len(set(track_ids)) < len(track_ids):
            raise ValueError("must not name a track twice")
        return track_ids


class PermissionInput(Body):
    permission: Permission


class CollaboratorInput(PermissionInput):
    user_id: Uuid


class PlayInput(Body):
    duration: Annotated[int, _between(0, 86400)]
    device: Annotated[str, StringConstraints(max_length=255, pattern=_NO_CONTROLS)] | None = None


class ProductInput(Body):
    title: Title
    description: Text | None = None
    price: PriceMinor
    product_type: Literal["track", "pack", "service"]
    track_id: Annotated[Uuid | None, Field(validate_default=True)] = None
    license_type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,49}$")] = "standard"

    @field_validator("track_id")
    @classmethod
    def _is_there_for_a_track(cls, value: str | None, others: ValidationInfo) -> str | None:
        if value is None and others.data.get("product_type") == "track":
            raise ValueError("is required for the product type track")
        return value


class ProductChangeInput(ChangeBody):
    title: Title = ""
    description: Text | None = None
    price: PriceMinor = 0
    status: ProductStatus = "active"


class OrderItemInput(Body):
    product_id: Uuid


class OrderInput(Body):
    items: Annotated[list[OrderItemInput], Field(min_length=1, max_length=50)]

    @field_validator("items")
    @classmethod
    def _names_each_once(cls, items: list[OrderItemInput]) -> list[OrderItemInput]:
        if len({item.product_id for item in items}) < len(items):
            raise ValueError("must not name a product twice")
        return items


class Pages(Query):
    page: Annotated[int, BeforeValidator(_an_integer), _between(1, 100000)] = 1
    limit: Annotated[int, BeforeValidator(_an_integer), _between(1, 100)] = 20


class UsernameQuery(Query):
    username: Username


class PlaylistsQuery(Pages):
    user_id: Uuid | None = None


class PlaylistSearchQuery(PlaylistsQuery):
    q: Annotated[str, StringConstraints(max_length=200, pattern=_NO_NUL)] = ""
    is_public: Annotated[bool, Strict(), BeforeValidator(_a_boolean)] | None = None


class RecommendationsQuery(Query):
    limit: Annotated[int, BeforeValidator(_an_integer), _between(1, 100)] = 10


class TracksQuery(Pages):
    user_id: Uuid | None = None
    genre: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_NO_CONTROLS)] | None = None
    format: AudioFormat | None = None
    sort_by: Literal["created_at", "title", "popularity"] = "created_at"
    sort_order: Literal["asc", "desc"] = "desc"


class TrackSearchQuery(Pages):
    q: Annotated[str, StringConstraints(max_length=200, pattern=_NO_NUL)] = ""
    genre: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_NO_CONTROLS)] | None = None
    format: AudioFormat | None = None
    min_duration: Seconds | None = None
    max_duration: Seconds | None = None
    start_date: Moment | None = None
    end_date: Moment | None = None
    sort_by: Literal["title", "popularity", "created_at"] | None = None
    sort_order: Literal["asc", "desc"] = "desc"

    @model_validator(mode="after")
    def _ranges_hold_something(self) -> Self:
        if None not in (self.min_duration, self.max_duration) and self.min_duration > self.max_duration:  # type: ignore[operator]
            raise ValueError("min_duration must not be above max_duration")
        if self.start_date and self.end_date and self.start_date > self.end_date:
            raise ValueError("start_date must not be after end_date")
        return self


class SearchQuery(Pages):
    q: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
    type: Literal["tracks", "playlists", "users"] | None = None


class ProductsQuery(Pages):
    status: ProductStatus | None = None
    seller_id: Uuid | None = None
