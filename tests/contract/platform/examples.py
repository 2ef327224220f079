"""Things as the services answer them."""

from typing import Any

from soundstage.catalog.v1.people_pb2 import Person
from soundstage.catalog.v1.tracks_pb2 import (
    GetTrackBatchRequest,
    GetTrackBatchResponse,
    GetTrackOutcome,
    Loudness,
    Track,
    TrackStatus,
)
from soundstage.marketplace.v1.orders_pb2 import Order, OrderLine, OrderStatus
from soundstage.marketplace.v1.products_pb2 import Product, ProductStatus, ProductType

JOHN = "018f3c1e-0000-7000-8000-000000000001"
TRACK = "018f3c1e-0000-7000-8000-0000000000aa"
RECORDING = "018f3c1e-0000-7000-8000-0000000000bb"
PRODUCT = "018f3c1e-0000-7000-8000-0000000000cc"
ORDER = "018f3c1e-0000-7000-8000-0000000000dd"


def processing_track(**changes: Any) -> Track:
    track = Track(
        id=TRACK, number=86216, owner=Person(id=JOHN, number=294, handle="johndoe", name="John Doe"), title="My Track",
        artist="John Doe", is_public=True, status=TrackStatus.TRACK_STATUS_PROCESSING, format="mp3", file_bytes=5242880,
        recording_id=RECORDING, slug="my-track", **changes,
    )  # fmt: skip
    track.created_at.FromJsonString("2025-01-01T00:00:00Z")
    return track


def completed_track(**changes: Any) -> Track:
    track = processing_track(
        album="My Album", year=2025, duration_ms=180500, play_count=150, like_count=42,
        loudness=Loudness(integrated_lufs=-14.2, range_lu=6.1),
        cover_object=f"recordings/{RECORDING}/cover-1000x1000.jpg",
        **changes,
    )  # fmt: skip
    track.status = TrackStatus.TRACK_STATUS_COMPLETED
    return track


def in_batches(outcome: GetTrackOutcome) -> Any:
    """Answers every item of a GetBatch alike."""

    def reply(request: GetTrackBatchRequest) -> GetTrackBatchResponse:
        return GetTrackBatchResponse(outcomes=[outcome for _ in request.items])

    return reply


def product(**changes: Any) -> Product:
    values: dict[str, Any] = {
        "id": PRODUCT, "seller_id": JOHN, "title": "My Product", "price_minor": 999, "currency": "EUR",
        "track_id": TRACK, "status": ProductStatus.PRODUCT_STATUS_ACTIVE, "type": ProductType.PRODUCT_TYPE_TRACK,
        "license_type": "standard",
    }  # fmt: skip
    made = Product(**(values | changes))
    made.created_at.FromJsonString("2025-01-01T00:00:00Z")
    return made


def order() -> Order:
    made = Order(
        id=ORDER, buyer_id=JOHN, total_minor=999, currency="EUR", status=OrderStatus.ORDER_STATUS_COMPLETED,
        lines=[OrderLine(product_id=PRODUCT, price_minor=999)],
    )  # fmt: skip
    made.created_at.FromJsonString("2025-01-01T00:00:00Z")
    return made
