"""Every part of marketplace, built by constructor."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from soundstage.marketplace.v1.orders_pb2_grpc import add_OrdersServiceServicer_to_server
from soundstage.marketplace.v1.products_pb2_grpc import add_ProductsServiceServicer_to_server

from chassis.inbox import Consumer
from chassis.migrate import Migration
from chassis.outbox import Relay
from chassis.postgres import Connection, Database
from chassis.process import Roles
from chassis.server import Server
from chassis.sinks import StateSink
from services.marketplace import events
from services.marketplace.config import Settings
from services.marketplace.consumers import Copies
from services.marketplace.orders.domain import Orders
from services.marketplace.orders.payments import Local, Provider
from services.marketplace.orders.rpc import OrdersRpc
from services.marketplace.orders.settlement import Settlement
from services.marketplace.originals.domain import Originals
from services.marketplace.peers import Catalog
from services.marketplace.products.domain import Products
from services.marketplace.products.rpc import ProductsRpc
from services.marketplace.products.sales import Sales
from services.marketplace.tracks.domain import Tracks
from services.marketplace.tracks.track import Track

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Parts:
    database: Database
    copies: Copies
    settlement: Settlement
    server: Server


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    made = parts(settings, stack, Local())
    copies, kafka = made.copies, settings.kafka_bootstrap
    return Roles(
        migrate=Migration(settings.database_url, MIGRATIONS, kafka, events.TOPICS, settings.kafka_replication),
        serve=[made.server],
        consume=[Consumer(kafka, copies.GROUP, copies.TOPICS, StateSink(copies.apply))],
        relay=[Relay(made.database, kafka)],
        work=[made.settlement],
    )


def parts(settings: Settings, stack: AsyncExitStack, provider: Provider) -> Parts:
    database, catalog = Database(settings.database_url), Catalog(settings.catalog_address, settings.tls)
    for part in (database, catalog):
        stack.push_async_callback(part.close)
    sales, originals = Sales(database), Originals(database)

    async def close(conn: Connection, track: Track) -> None:
        await sales.end(conn, track.id)
        if track.is_removed:
            await originals.decide(conn, track.id, track.recording_id)

    tracks = Tracks(database, catalog, close)
    settlement = Settlement(
        database,
        originals,
        provider,
        timeout_seconds=settings.payment_timeout_seconds,
        poll_seconds=settings.settle_poll_seconds,
    )
    server = Server(
        settings,
        [
            (
                ProductsRpc(Products(database, tracks, sales, settings.currency)),
                add_ProductsServiceServicer_to_server,
            ),
            (OrdersRpc(Orders(database, tracks, settlement)), add_OrdersServiceServicer_to_server),
        ],
    )
    return Parts(database, Copies(tracks), settlement, server)
