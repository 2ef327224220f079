"""Every part of catalog, built by constructor."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from soundstage.catalog.v1.people_pb2_grpc import add_PeopleServiceServicer_to_server
from soundstage.catalog.v1.playlists_pb2_grpc import add_PlaylistsServiceServicer_to_server
from soundstage.catalog.v1.search_pb2_grpc import add_SearchServiceServicer_to_server
from soundstage.catalog.v1.tracks_pb2_grpc import add_TracksServiceServicer_to_server

from chassis.inbox import Consumer
from chassis.migrate import Migration
from chassis.mongo import Mongo
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.process import Every, Roles
from chassis.server import Server
from chassis.sinks import StateSink
from services.catalog import events
from services.catalog.config import Settings
from services.catalog.consumers import Copies, Outcomes, Rows
from services.catalog.listings.domain import Listings
from services.catalog.peers import Auth
from services.catalog.people.domain import People
from services.catalog.people.rpc import PeopleRpc
from services.catalog.playlists import store as playlists_store
from services.catalog.playlists.albums import Albums
from services.catalog.playlists.domain import Playlists
from services.catalog.playlists.edits import Edits
from services.catalog.playlists.rpc import PlaylistsRpc
from services.catalog.playlists.sharing import Sharing
from services.catalog.replica_set import ReplicaSet
from services.catalog.search.domain import Search
from services.catalog.search.rpc import SearchRpc
from services.catalog.totals.domain import Totals
from services.catalog.tracks import store
from services.catalog.tracks.domain import Tracks
from services.catalog.tracks.rpc import TracksRpc

MIGRATIONS = Path(__file__).parent / "migrations"
HOUSEKEEPING_SECONDS = 60.0


@dataclass(frozen=True)
class Parts:
    mongo: Mongo
    auth: Auth
    people: People
    totals: Totals
    listings: Listings
    search: Search
    tracks: Tracks
    playlists: Playlists
    sharing: Sharing


async def prepare(mongo: Mongo) -> None:
    """What MongoDB needs before anything runs; part of `migrate`, may run any number of times."""
    await store.prepare(mongo)
    await playlists_store.prepare(mongo)
    await Albums(mongo).fill_in()


def parts(settings: Settings, stack: AsyncExitStack) -> Parts:
    database = Database(settings.database_url, max_size=settings.database_connections)
    mongo = Mongo(settings.mongodb_url, settings.mongodb_database)
    auth = Auth(settings.auth_address, settings.tls)
    for part in (database, mongo, auth):
        stack.push_async_callback(part.close)
    people, listings, search = People(database, auth), Listings(mongo, database), Search(mongo, database)
    tracks = Tracks(mongo=mongo, database=database, people=people, listings=listings, albums=Albums(mongo))
    playlists = Playlists(mongo=mongo, database=database, people=people, listings=listings, finder=search)
    return Parts(
        mongo=mongo,
        auth=auth,
        people=people,
        totals=Totals(database),
        listings=listings,
        search=search,
        tracks=tracks,
        playlists=playlists,
        sharing=Sharing(mongo, people, Edits(mongo, listings)),
    )


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    made = parts(settings, stack)
    replica_set, kafka = ReplicaSet(made.mongo), settings.kafka_bootstrap
    copies = Copies(made.people, made.totals, made.tracks)
    consumers = (copies, Outcomes(made.tracks, made.playlists), Rows(made.listings))
    return Roles(
        migrate=Migration(
            database_url=settings.database_url,
            folder=MIGRATIONS,
            bootstrap=kafka,
            topics=events.TOPICS,
            replication=settings.kafka_replication,
            also=lambda: prepare(made.mongo),
        ),
        serve=[replica_set, _server(settings, made)],
        consume=[
            replica_set,
            *(Consumer(kafka, it.GROUP, it.TOPICS, StateSink(it.apply)) for it in consumers),
            Every(HOUSEKEEPING_SECONDS, "vocabulary", made.listings.forget_unused_words),
        ],
        relay=[replica_set, Relay(made.mongo, kafka)],
    )


def _server(settings: Settings, made: Parts) -> Server:
    playlists = PlaylistsRpc(made.playlists, made.sharing, made.tracks)
    search = SearchRpc(made.search, made.tracks, made.people, made.playlists)
    return Server(
        settings,
        [
            (PeopleRpc(made.people), add_PeopleServiceServicer_to_server),
            (TracksRpc(made.tracks), add_TracksServiceServicer_to_server),
            (playlists, add_PlaylistsServiceServicer_to_server),
            (search, add_SearchServiceServicer_to_server),
        ],
    )
