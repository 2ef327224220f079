"""Every part of audience, built by constructor."""

from contextlib import AsyncExitStack
from pathlib import Path

from soundstage.audience.v1.follows_pb2_grpc import add_FollowsServiceServicer_to_server
from soundstage.audience.v1.likes_pb2_grpc import add_LikesServiceServicer_to_server
from soundstage.audience.v1.plays_pb2_grpc import add_PlaysServiceServicer_to_server
from soundstage.auth.v1 import accounts_pb2
from soundstage.catalog.v1 import tracks_pb2

from chassis.client import Channel
from chassis.inbox import Consumer, StateSink
from chassis.migrate import Migration
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.process import Roles
from chassis.server import Server
from services.audience import consumers, events
from services.audience.accounts.domain import Accounts
from services.audience.config import Settings
from services.audience.follows.domain import Follows
from services.audience.follows.rpc import FollowsRpc
from services.audience.likes.domain import Likes
from services.audience.likes.rpc import LikesRpc
from services.audience.peers import Auth, Catalog
from services.audience.plays.domain import Plays
from services.audience.plays.rpc import PlaysRpc
from services.audience.tracks.domain import Tracks

MIGRATIONS = Path(__file__).parent / "migrations"


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    database = Database(settings.database_url, max_size=settings.database_connections)
    stack.push_async_callback(database.close)
    catalog = Channel(settings.catalog_address, tracks_pb2.DESCRIPTOR.services_by_name["TracksService"])
    stack.push_async_callback(catalog.close)
    auth = Channel(settings.auth_address, accounts_pb2.DESCRIPTOR.services_by_name["AccountsService"])
    stack.push_async_callback(auth.close)

    tracks = Tracks(database, Catalog(catalog))
    accounts = Accounts(database, Auth(auth))
    plays = Plays(database, tracks, accounts)
    likes = Likes(database, tracks)
    follows = Follows(database, accounts)
    copies = consumers.Copies(tracks, accounts, likes, follows)

    return Roles(
        migrate=Migration(
            database_url=settings.database_url,
            folder=MIGRATIONS,
            bootstrap=settings.kafka_bootstrap,
            topics=events.TOPICS,
            replication=settings.kafka_replication,
        ),
        serve=[
            Server(
                settings,
                [
                    (PlaysRpc(plays), add_PlaysServiceServicer_to_server),
                    (LikesRpc(likes), add_LikesServiceServicer_to_server),
                    (FollowsRpc(follows), add_FollowsServiceServicer_to_server),
                ],
            )
        ],
        consume=[Consumer(settings.kafka_bootstrap, consumers.GROUP, consumers.TOPICS, StateSink(copies.take))],
        relay=[Relay(database, settings.kafka_bootstrap)],
    )
