"""Every part of insights, built by constructor."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

from soundstage.audience.v1 import follows_pb2, likes_pb2, playlist_likes_pb2, plays_pb2, reposts_pb2
from soundstage.catalog.v1 import tracks_pb2
from soundstage.insights.v1.apps_pb2_grpc import add_AppsServiceServicer_to_server
from soundstage.insights.v1.figures_pb2_grpc import (
    add_FiguresServiceServicer_to_server,
    add_MetricsServiceServicer_to_server,
)
from soundstage.insights.v1.listeners_pb2_grpc import add_ListenersServiceServicer_to_server
from soundstage.insights.v1.realtime_pb2_grpc import add_RealtimeServiceServicer_to_server
from soundstage.insights.v1.trending_pb2_grpc import add_TrendingServiceServicer_to_server

from chassis import migrate
from chassis.client import Channel
from chassis.inbox import Consumer
from chassis.migrate import Migration
from chassis.outbox import Relay
from chassis.postgres import Connection, Database
from chassis.process import Every, Role, Roles
from chassis.server import Server
from chassis.sinks import ExactlyOnceSink, StateSink
from services.insights import events
from services.insights.apps.domain import Apps
from services.insights.apps.rpc import AppsRpc
from services.insights.config import Settings
from services.insights.consumers import FOLLOWED, LIKED, PLAYED, PLAYLIST_LIKED, REPOSTED, Copies, Counter
from services.insights.figures.domain import Figures
from services.insights.figures.rpc import FiguresRpc
from services.insights.follows import store as follows
from services.insights.freshness.domain import Freshness
from services.insights.freshness.watch import Watch
from services.insights.likes import store as likes
from services.insights.listeners.domain import Listeners
from services.insights.listeners.rpc import ListenersRpc
from services.insights.log import Log
from services.insights.peers import Audience, Catalog, Owners, States
from services.insights.playlist_likes import store as playlist_likes
from services.insights.plays import store as plays
from services.insights.plays.domain import Plays
from services.insights.realtime.domain import RealtimePlays
from services.insights.realtime.rpc import RealtimeRpc
from services.insights.rebuild.domain import Rebuild
from services.insights.rebuild.store import SHADOW
from services.insights.reconciliations.domain import Minutes, Reconciler, Source
from services.insights.reposts import store as reposts
from services.insights.totals.domain import Totals
from services.insights.tracks.domain import Tracks
from services.insights.trending.domain import Trending
from services.insights.trending.ranking import Ranking
from services.insights.trending.rpc import TrendingRpc

MIGRATIONS = Path(__file__).parent / "migrations"


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    database = _database(settings, stack, settings.database_url)
    tracks = Tracks(database, _catalog(settings, stack))
    kafka = settings.kafka_bootstrap
    counter = Counter(counts_unauthenticated=settings.counts_unauthenticated)
    copies = Copies(tracks)
    return Roles(
        migrate=Migration(settings.database_url, MIGRATIONS, kafka, events.TOPICS, settings.kafka_replication),
        serve=[_server(settings, database, tracks)],
        consume=[
            Consumer(
                kafka,
                counter.GROUP,
                counter.TOPICS,
                ExactlyOnceSink(database, counter.GROUP, counter.apply, counter.kept_at),
            ),
            Consumer(kafka, copies.GROUP, copies.TOPICS, StateSink(copies.apply)),
        ],
        relay=[Relay(database, kafka)],
        work=_work(settings, database, _audience(settings, stack)),
    )


def build_apps(settings: Settings, stack: AsyncExitStack) -> Apps:
    return Apps(_database(settings, stack, settings.database_url))


def build_rebuild(settings: Settings, stack: AsyncExitStack) -> Rebuild:
    shadow_url = f"{settings.database_url}{'&' if '?' in settings.database_url else '?'}search_path={SHADOW}"
    return Rebuild(
        live=_database(settings, stack, settings.database_url),
        shadow=_database(settings, stack, shadow_url),
        make_tables=partial(migrate.apply, shadow_url, MIGRATIONS),
        owners=Owners(_catalog(settings, stack), _audience(settings, stack)),
        counter=Counter(counts_unauthenticated=settings.counts_unauthenticated),
        log=Log(settings.kafka_bootstrap, Counter.TOPICS),
        consumer=Counter.GROUP,
    )


def _server(settings: Settings, database: Database, tracks: Tracks) -> Server:
    figures = FiguresRpc(Figures(database, tracks))
    return Server(
        settings,
        [
            (figures, add_FiguresServiceServicer_to_server),
            (figures, add_MetricsServiceServicer_to_server),
            (ListenersRpc(Listeners(database, tracks)), add_ListenersServiceServicer_to_server),
            (RealtimeRpc(RealtimePlays(database, tracks)), add_RealtimeServiceServicer_to_server),
            (TrendingRpc(Trending(database)), add_TrendingServiceServicer_to_server),
            (AppsRpc(Apps(database)), add_AppsServiceServicer_to_server),
        ],
    )


def _work(settings: Settings, database: Database, audience: Audience) -> list[Role]:
    reconciler = Reconciler(
        database,
        [
            Source("plays", PLAYED, audience.count_plays, plays.count_received, audience.resend_plays),
            _states("likes", LIKED, audience.likes, likes.count_changed),
            _states("reposts", REPOSTED, audience.reposts, reposts.count_changed),
            _states("playlist_likes", PLAYLIST_LIKED, audience.playlist_likes, playlist_likes.count_changed),
            _states("follows", FOLLOWED, audience.follows, follows.count_changed),
        ],
        consumer=Counter.GROUP,
    )
    freshness = Freshness(database, Counter.GROUP)
    return [
        Every(0.5, "publish totals", Totals(database).publish_all),
        Every(60.0, "reconcile", reconciler.compare_all),
        Every(5.0, "rank tracks", Ranking(database).rank),
        Every(600.0, "prune minutes", Plays(database).prune),
        Every(600.0, "prune apps", Apps(database).prune),
        Watch(freshness, Log(settings.kafka_bootstrap, Counter.TOPICS)),
    ]


def _states(
    name: str,
    types: frozenset[str],
    theirs: States,
    ours: Callable[[Connection, datetime, datetime], Awaitable[Minutes]],
) -> Source:
    return Source(name, types, theirs.count, ours, theirs.resend)


def _database(settings: Settings, stack: AsyncExitStack, url: str) -> Database:
    database = Database(url, max_size=settings.database_connections)
    stack.push_async_callback(database.close)
    return database


def _catalog(settings: Settings, stack: AsyncExitStack) -> Catalog:
    channel = Channel(
        settings.catalog_address, tracks_pb2.DESCRIPTOR.services_by_name["TracksService"], tls=settings.tls
    )
    stack.push_async_callback(channel.close)
    return Catalog(channel)


def _audience(settings: Settings, stack: AsyncExitStack) -> Audience:
    services = (
        plays_pb2.DESCRIPTOR.services_by_name["PlaysService"],
        likes_pb2.DESCRIPTOR.services_by_name["LikesService"],
        reposts_pb2.DESCRIPTOR.services_by_name["RepostsService"],
        playlist_likes_pb2.DESCRIPTOR.services_by_name["PlaylistLikesService"],
        follows_pb2.DESCRIPTOR.services_by_name["FollowsService"],
    )
    channel = Channel(settings.audience_address, *services, tls=settings.tls)
    stack.push_async_callback(channel.close)
    return Audience(channel)
