"""Every part of catalog, built by constructor."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from soundstage.catalog.v1.people_pb2_grpc import add_PeopleServiceServicer_to_server
from soundstage.catalog.v1.playlists_pb2_grpc import add_PlaylistsServiceServicer_to_server
from soundstage.catalog.v1.search_pb2_grpc import add_SearchServiceServicer_to_server
from soundstage.catalog.v1.tracks_pb2_grpc import add_TracksServiceServicer_to_server

from chassis.inbox import Consumer, StateSink
from chassis.migrate import Migration
from chassis.mongo import Mongo
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.process import Roles
from chassis.server import Server
from services.catalog import events
from services.catalog.config import Settings
from services.catalog.consumers import Copies, Outcomes, Rows
from services.catalog.peers import Accounts
from services.catalog.people.domain import People
from services.catalog.people.rpc import PeopleRpc
from services.catalog.playlists import store as playlists_store
from services.catalog.playlists.albums import Albums
from services.catalog.playlists.domain import Playlists
from services.catalog.playlists.rpc import PlaylistsRpc
from services.catalog.replica_set import ReplicaSet
from services.catalog.search.domain import Search
from services.catalog.search.rpc import SearchRpc
from services.catalog.tracks import store
from services.catalog.tracks.domain import Tracks
from services.catalog.tracks.rpc import TracksRpc

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Parts:
    mongo: Mongo
    accounts: Accounts
    people: People
    search: Search
    tracks: Tracks
    playlists: Playlists


async def prepare(mongo: Mongo) -> None:
    """What MongoDB needs before anything runs; part of `migrate`, may run any number of times."""
    await store.prepare(mongo)
    await playlists_store.prepare(mongo)
    await Albums(mongo).fill_in()


def parts(settings: Settings, stack: AsyncExitStack) -> Parts:
    database = Database(settings.database_url, max_size=settings.database_connections)
    mongo = Mongo(settings.mongodb_url, settings.mongodb_database)
    accounts = Accounts(settings.auth_address)
    for part in (database, mongo, accounts):
        stack.push_async_callback(part.close)
    people = People(database, accounts)
    search = Search(mongo, database)
    tracks = Tracks(mongo, database, people, search)
    return Parts(mongo, accounts, people, search, tracks, Playlists(mongo, database, people, search))


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    made = parts(settings, stack)
    replica_set = ReplicaSet(made.mongo)
    learners = (Copies(made.people, made.tracks), Outcomes(made.tracks, made.playlists), Rows(made.search))
    return Roles(
        migrate=Migration(
            database_url=settings.database_url,
            folder=MIGRATIONS,
            bootstrap=settings.kafka_bootstrap,
            topics=events.TOPICS,
            replication=settings.kafka_replication,
            also=lambda: prepare(made.mongo),
        ),
        serve=[
            replica_set,
            Server(
                settings,
                [
                    (PeopleRpc(made.people), add_PeopleServiceServicer_to_server),
                    (TracksRpc(made.tracks), add_TracksServiceServicer_to_server),
                    (PlaylistsRpc(made.playlists, made.tracks), add_PlaylistsServiceServicer_to_server),
                    (
                        SearchRpc(made.search, made.tracks, made.people, made.playlists),
                        add_SearchServiceServicer_to_server,
                    ),
                ],
            ),
        ],
        consume=[
            replica_set,
            *(Consumer(settings.kafka_bootstrap, it.GROUP, it.TOPICS, StateSink(it.apply)) for it in learners),
        ],
        relay=[replica_set, Relay(made.mongo, settings.kafka_bootstrap)],
    )
