"""Builds every part of the streaming service, by constructor, in one place."""

from contextlib import AsyncExitStack
from pathlib import Path

from soundstage.catalog.v1.tracks_pb2 import DESCRIPTOR
from soundstage.streaming.v1.recordings_pb2_grpc import add_RecordingsServiceServicer_to_server
from soundstage.streaming.v1.streams_pb2_grpc import add_StreamsServiceServicer_to_server
from soundstage.streaming.v1.uploads_pb2_grpc import add_UploadsServiceServicer_to_server

from chassis.client import Channel
from chassis.inbox import Consumer
from chassis.migrate import Migration
from chassis.outbox import Relay
from chassis.postgres import Database
from chassis.process import Every, Roles
from chassis.server import Server
from chassis.sinks import StateSink
from services.streaming import events
from services.streaming.artwork.domain import Artwork
from services.streaming.config import Settings
from services.streaming.consumers import Copies
from services.streaming.media.transcode import Budget
from services.streaming.peers import Catalog
from services.streaming.quotas.domain import Quotas
from services.streaming.recordings.domain import Recordings
from services.streaming.recordings.rpc import RecordingsRpc
from services.streaming.storage.objects import Objects
from services.streaming.storage.spool import Spool
from services.streaming.streams.domain import Streams
from services.streaming.streams.rpc import StreamsRpc
from services.streaming.sweeper import Sweeper
from services.streaming.tracks.domain import Tracks
from services.streaming.transcoding.processing import Processing
from services.streaming.uploads.domain import Uploads
from services.streaming.uploads.rpc import UploadsRpc
from services.streaming.uploads.upload import Limits

TRACKS = DESCRIPTOR.services_by_name["TracksService"]
MIGRATIONS = Path(__file__).parent / "migrations"


def artwork(settings: Settings, stack: AsyncExitStack) -> Artwork:
    return Artwork(*_stores(settings, stack))


def build(settings: Settings, stack: AsyncExitStack) -> Roles:
    database, store, spool = _stores(settings, stack)
    channel = Channel(settings.catalog_address, TRACKS, tls=settings.tls)
    stack.push_async_callback(channel.close)
    recordings = Recordings(database)
    streams = Streams(database, Tracks(database, Catalog(channel)))
    sweeper = _sweeper(settings, database, store)
    return Roles(
        migrate=_migration(settings),
        serve=[_server(settings, recordings, streams, _uploads(settings, database, store, spool))],
        consume=[_consumer(settings, recordings)],
        relay=[Relay(database, settings.kafka_bootstrap)],
        work=[_processing(settings, database, store, spool), Every(1.0, "sweep", sweeper.sweep)],
    )


def _stores(settings: Settings, stack: AsyncExitStack) -> tuple[Database, Objects, Spool]:
    database, spool = Database(settings.database_url), Spool(settings.spool_dir, settings.spool_bytes)
    stack.push_async_callback(database.close)
    stack.callback(spool.close)
    return database, Objects(settings.storage_url), spool


def _migration(settings: Settings) -> Migration:
    kafka = settings.kafka_bootstrap
    return Migration(settings.database_url, MIGRATIONS, kafka, events.TOPICS, settings.kafka_replication)


def _server(settings: Settings, recordings: Recordings, streams: Streams, uploads: Uploads) -> Server:
    return Server(
        settings,
        [
            (UploadsRpc(uploads), add_UploadsServiceServicer_to_server),
            (RecordingsRpc(recordings), add_RecordingsServiceServicer_to_server),
            (StreamsRpc(streams), add_StreamsServiceServicer_to_server),
        ],
    )


def _uploads(settings: Settings, database: Database, store: Objects, spool: Spool) -> Uploads:
    limits = Limits(settings.max_upload_bytes, settings.upload_seconds, settings.max_recording_seconds)
    quotas = Quotas(settings.quota_bytes, settings.owner_seconds_a_day)
    return Uploads(database, store, spool, quotas, ffmpeg=settings.ffmpeg, limits=limits)


def _consumer(settings: Settings, recordings: Recordings) -> Consumer:
    copies = Copies(recordings)
    return Consumer(settings.kafka_bootstrap, copies.GROUP, copies.TOPICS, StateSink(copies.apply))


def _processing(settings: Settings, database: Database, store: Objects, spool: Spool) -> Processing:
    budget = Budget(settings.max_recording_seconds, settings.transcode_seconds)
    return Processing(
        database,
        store,
        spool,
        Artwork(database, store, spool),
        ffmpeg=settings.ffmpeg,
        workers=settings.transcode_workers,
        budget=budget,
    )


def _sweeper(settings: Settings, database: Database, store: Objects) -> Sweeper:
    # A running upload is younger than twice its maximum duration.
    return Sweeper(
        database,
        store,
        upload_age_seconds=2 * settings.upload_seconds,
        trackless_age_seconds=settings.trackless_seconds,
    )
