"""The events marketplace publishes: each a pure function of a row."""

from soundstage.marketplace.v1 import events_pb2

from chassis.clock import timestamp
from chassis.events import Event, Topic
from services.marketplace.orders.order import Order
from services.marketplace.originals.original import Original
from services.marketplace.products.product import Sale

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


def original_decided(original: Original) -> Event:
    kind = events_pb2.OriginalKept if original.is_kept else events_pb2.OriginalReleased
    message = kind(recording_id=str(original.recording_id), track_id=str(original.track_id))
    return Event.of(TOPIC.name, message.recording_id, message, type=kind.DESCRIPTOR.name)
