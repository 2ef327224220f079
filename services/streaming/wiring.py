"""Builds every part of the streaming service, by constructor, in one place."""

from contextlib import AsyncExitStack
from pathlib import Path

from soundstage.catalog.v1.tracks_pb2 import DESCRIPTOR
from soundstage.streaming.v1.recordings_pb2_grpc import add_RecordingsServiceServicer_to_server
from soundstage.streaming.v1.streams_pb2_grpc import add_StreamsServiceServicer_to_server
from soundstage.streaming.v1.uploads_pb2_grpc import add_UploadsServiceServicer_to_server

from chassis.client import Channel
from chassis.inbox import Consumer, StateSink
from chassis.migrate import Migration
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.process import Every, Roles
from chassis.server import Server
from services.streaming import consumers, events
from services.streaming.artwork.domain import Artwork
from services.streaming.config import Settings
from services.streaming.peers import Catalog
from services.streaming.recordings.domain import Recordings
from services.streaming.recordings.objects import Objects
from services.streaming.recordings.processing import Processing
from services.streaming.recordings.rpc import RecordingsServicer
from services.streaming.recordings.sweeper import Sweeper
from services.streaming.recordings.transcode import Budget
from services.streaming.streams.domain import Streams
from services.streaming.streams.rpc import StreamsServicer
from services.streaming.uploads.domain import Limits, Uploads
from services.streaming.uploads.rpc import UploadsServicer
from services.streaming.uploads.spool import Spool

TRACKS = DESCRIPTOR.services_by_name["TracksService"]
MIGRATIONS = Path(__file__).parent / "migrations"


def artwork(settings: Settings, stack: AsyncExitStack) -> Artwork:
    return Artwork(*_stores(settings, stack))


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    db, store, spool = _stores(settings, stack)
    channel = Channel(settings.catalog_address, TRACKS)
    stack.push_async_callback(channel.close)
    recordings = Recordings(db)
    serve = _server(
        settings, recordings, Streams(db, Catalog(channel).list_states), _uploads(settings, db, store, spool)
    )
    return Roles(
        migrate=_migration(settings),
        serve=[serve],
        consume=[_consumer(settings, recordings)],
        relay=[Relay(db, settings.kafka_bootstrap)],
        work=[_processing(settings, db, store, spool), Every(1.0, "sweep", _sweeper(settings, db, store).sweep)],
    )


def _stores(settings: Settings, stack: AsyncExitStack) -> tuple[Database, Objects, Spool]:
    db, spool = Database(settings.database_url), Spool(settings.spool_dir)
    stack.push_async_callback(db.close)
    stack.callback(spool.close)
    return db, Objects(settings.storage_url), spool


def _migration(settings: Settings) -> Migration:
    kafka = settings.kafka_bootstrap
    return Migration(settings.database_url, MIGRATIONS, kafka, events.TOPICS, settings.kafka_replication)


def _server(settings: Settings, recordings: Recordings, streams: Streams, uploads: Uploads) -> Server:
    return Server(
        settings,
        [
            (UploadsServicer(uploads), add_UploadsServiceServicer_to_server),
            (RecordingsServicer(recordings), add_RecordingsServiceServicer_to_server),
            (StreamsServicer(streams), add_StreamsServiceServicer_to_server),
        ],
    )


def _uploads(settings: Settings, db: Database, store: Objects, spool: Spool) -> Uploads:
    limits = Limits(settings.max_upload_bytes, settings.quota_bytes, settings.upload_seconds)
    return Uploads(db, store, spool, ffmpeg=settings.ffmpeg, limits=limits)


def _consumer(settings: Settings, recordings: Recordings) -> Consumer:
    sink = StateSink(consumers.Consumers(recordings).handle)
    return Consumer(settings.kafka_bootstrap, consumers.GROUP, consumers.TOPICS, sink)


def _processing(settings: Settings, db: Database, store: Objects, spool: Spool) -> Processing:
    budget = Budget(settings.max_recording_seconds, settings.transcode_seconds)
    return Processing(
        db,
        store,
        spool,
        Artwork(db, store, spool),
        ffmpeg=settings.ffmpeg,
        workers=settings.transcode_workers,
        budget=budget,
    )


def _sweeper(settings: Settings, db: Database, store: Objects) -> Sweeper:
    # An upload that still runs is younger than twice its longest.
    return Sweeper(
        db,
        store,
        upload_age_seconds=2 * settings.upload_seconds,
        trackless_age_seconds=settings.trackless_seconds,
    )
