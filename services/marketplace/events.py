"""What marketplace publishes, and the states it takes from others, as protobuf messages."""

from soundstage.catalog.v1 import tracks_pb2
from soundstage.marketplace.v1 import events_pb2

from chassis.clock import timestamp
from chassis.events import Event, Topic
from chassis.ids import parse
from services.marketplace.orders.store import Order
from services.marketplace.products.store import Sale
from services.marketplace.tracks.store import Original, Track

TOPIC = Topic("soundstage.market.v1")
TOPICS = [TOPIC, Topic("soundstage.dead.marketplace.v1", partitions=1)]


def order_completed(order: Order) -> Event:
    message = events_pb2.OrderCompleted(
        order_id=str(order.id),
        buyer_id=str(order.buyer_id),
        product_ids=[str(line.product_id) for line in order.lines],
        total_minor=order.total_minor,
        currency=order.currency,
        completed_at=timestamp(order.completed_at),
    )
    return Event.of(TOPIC.name, message.order_id, message, type="OrderCompleted")


def product_changed(sale: Sale) -> Event:
    message = events_pb2.ProductChanged(track_id=str(sale.track_id), is_sold=sale.is_sold, version=sale.version)
    return Event.of(TOPIC.name, message.track_id, message, type="ProductChanged")


def original_answered(original: Original) -> Event:
    kind = events_pb2.OriginalKept if original.is_kept else events_pb2.OriginalReleased
    message = kind(recording_id=str(original.recording_id), track_id=str(original.track_id))
    return Event.of(TOPIC.name, message.recording_id, message, type=kind.DESCRIPTOR.name)


def track_of(state: tracks_pb2.TrackState) -> Track:
    """Raises Invalid when the state names no track, owner or recording."""
    return Track(
        id=parse(state.id),
        owner_id=parse(state.owner_id, field="owner_id"),
        recording_id=parse(state.recording_id, field="recording_id"),
        title=state.title,
        format=state.format,
        is_completed=state.status == tracks_pb2.TRACK_STATUS_COMPLETED,
        is_removed=state.is_removed,
        version=state.version,
    )
