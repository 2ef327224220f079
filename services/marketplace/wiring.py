"""Builds every part of marketplace, by constructor."""

from contextlib import AsyncExitStack
from pathlib import Path

from soundstage.marketplace.v1 import orders_pb2_grpc, products_pb2_grpc

from chassis.inbox import Consumer, StateSink
from chassis.migrate import Migration
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.process import Roles
from chassis.server import Server, Servicer
from services.marketplace import consumers, events
from services.marketplace.config import Settings
from services.marketplace.orders.domain import Orders
from services.marketplace.orders.payments import Local
from services.marketplace.orders.rpc import OrdersServicer
from services.marketplace.orders.settlement import Settlement
from services.marketplace.peers import Catalog
from services.marketplace.products.domain import Products
from services.marketplace.products.rpc import ProductsServicer
from services.marketplace.tracks.domain import Tracks

MIGRATIONS = Path(__file__).parent / "migrations"


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    db = Database(settings.database_url)
    stack.push_async_callback(db.close)
    catalog = Catalog(settings.catalog_address)
    stack.push_async_callback(catalog.close)
    settlement = Settlement(
        db, Local(), timeout_seconds=settings.payment_timeout_seconds, poll_seconds=settings.settle_poll_seconds
    )
    products = ProductsServicer(Products(db, Tracks(db, catalog), settings.currency))
    orders = OrdersServicer(Orders(db, settlement))
    servicers: list[Servicer] = [
        (products, products_pb2_grpc.add_ProductsServiceServicer_to_server),
        (orders, orders_pb2_grpc.add_OrdersServiceServicer_to_server),
    ]
    states = StateSink(consumers.TrackStates(db).take)
    return Roles(
        migrate=Migration(
            settings.database_url, MIGRATIONS, settings.kafka_bootstrap, events.TOPICS, settings.kafka_replication
        ),
        serve=[Server(settings, servicers)],
        consume=[Consumer(settings.kafka_bootstrap, consumers.GROUP, consumers.TOPICS, states)],
        relay=[Relay(db, settings.kafka_bootstrap)],
        work=[settlement],
    )
