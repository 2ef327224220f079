"""Bodies and queries of products and orders."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator

from gateway.contracts.platform.fields import ChangeBody, Pages, Text, Title
from gateway.web.fields import UNIQUE, Uuid, pattern
from gateway.web.reading import Body

_LICENSE = pattern(
    r"^[a-z][a-z0-9_-]{0,49}$", "must be 1 to 50 lower-case letters, digits, _ or -, and start with a letter"
)


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


PriceMinor = Annotated[int, BeforeValidator(_in_minor_units)]
ProductStatus = Literal["draft", "active", "archived"]


class ProductsQuery(Pages):
    status: ProductStatus | None = None
    seller_id: Uuid | None = None


class ProductInput(Body):
    title: Title
    description: Text | None = None
    price: PriceMinor
    product_type: Literal["track", "pack", "service"]
    track_id: Annotated[Uuid | None, Field(validate_default=True)] = None
    license_type: Annotated[str, StringConstraints(pattern=_LICENSE)] = "standard"

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
    items: Annotated[list[OrderItemInput], Field(min_length=1, max_length=50), UNIQUE]
