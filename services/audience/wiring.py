"""Every part of audience, built by constructor."""

from contextlib import AsyncExitStack
from pathlib import Path

from soundstage.audience.v1.follows_pb2_grpc import add_FollowsServiceServicer_to_server
from soundstage.audience.v1.likes_pb2_grpc import add_LikesServiceServicer_to_server
from soundstage.audience.v1.playlist_likes_pb2_grpc import add_PlaylistLikesServiceServicer_to_server
from soundstage.audience.v1.plays_pb2_grpc import add_PlaysServiceServicer_to_server
from soundstage.audience.v1.reposts_pb2_grpc import add_RepostsServiceServicer_to_server
from soundstage.auth.v1 import accounts_pb2
from soundstage.catalog.v1 import playlists_pb2, tracks_pb2

from chassis.client import Channel
from chassis.inbox import Consumer
from chassis.migrate import Migration
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.process import Roles
from chassis.server import Server
from chassis.sinks import StateSink
from services.audience import events
from services.audience.accounts.domain import Accounts
from services.audience.config import Settings
from services.audience.consumers import Copies
from services.audience.follows.domain import Follows
from services.audience.follows.rpc import FollowsRpc
from services.audience.likes.domain import Likes
from services.audience.likes.rpc import LikesRpc
from services.audience.peers import Auth, Catalog
from services.audience.playlist_likes.domain import PlaylistLikes
from services.audience.playlist_likes.rpc import PlaylistLikesRpc
from services.audience.playlists.domain import Playlists
from services.audience.plays.domain import Plays
from services.audience.plays.rpc import PlaysRpc
from services.audience.reposts.domain import Reposts
from services.audience.reposts.rpc import RepostsRpc
from services.audience.tracks.domain import Tracks

MIGRATIONS = Path(__file__).parent / "migrations"


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    database = Database(settings.database_url, max_size=settings.database_connections)
    stack.push_async_callback(database.close)
    catalog_services = [
        tracks_pb2.DESCRIPTOR.services_by_name["TracksService"],
        playlists_pb2.DESCRIPTOR.services_by_name["PlaylistsService"],
    ]
    catalog_channel = Channel(settings.catalog_address, *catalog_services, tls=settings.tls)
    stack.push_async_callback(catalog_channel.close)
    auth = Channel(settings.auth_address, accounts_pb2.DESCRIPTOR.services_by_name["AccountsService"], tls=settings.tls)
    stack.push_async_callback(auth.close)

    catalog = Catalog(catalog_channel)
    tracks = Tracks(database, catalog)
    playlists = Playlists(database, catalog)
    accounts = Accounts(database, Auth(auth))
    plays = Plays(database, tracks, accounts)
    likes = Likes(database, tracks, accounts)
    playlist_likes = PlaylistLikes(database, playlists)
    reposts = Reposts(database, tracks, playlists, accounts)
    follows = Follows(database, accounts)
    copies = Copies(
        tracks=tracks,
        playlists=playlists,
        accounts=accounts,
        likes=likes,
        playlist_likes=playlist_likes,
        reposts=reposts,
        follows=follows,
    )

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
                    (PlaylistLikesRpc(playlist_likes), add_PlaylistLikesServiceServicer_to_server),
                    (RepostsRpc(reposts), add_RepostsServiceServicer_to_server),
                    (FollowsRpc(follows), add_FollowsServiceServicer_to_server),
                ],
            )
        ],
        consume=[Consumer(settings.kafka_bootstrap, copies.GROUP, copies.TOPICS, StateSink(copies.apply))],
        relay=[Relay(database, settings.kafka_bootstrap)],
    )
