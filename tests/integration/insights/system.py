"""Insights as wired for production, spoken to over gRPC, and short words for what tests say to it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiokafka import TopicPartition
from google.protobuf.message import Message
from soundstage.catalog.v1.tracks_pb2 import TrackState
from soundstage.common.v1.common_pb2 import Ref
from soundstage.insights.v1 import (
    figures_pb2,
    figures_pb2_grpc,
    listeners_pb2,
    listeners_pb2_grpc,
    realtime_pb2,
    realtime_pb2_grpc,
)

from chassis.client import Channel, call
from chassis.events import Record
from chassis.ids import new_id
from chassis.postgres import Database
from chassis.principal import Kind, Principal
from chassis.process import Roles
from chassis.sinks import ExactlyOnceSink
from services.insights import peers
from services.insights.config import Settings
from services.insights.consumers import Counter
from services.insights.rebuild.store import COMPARED, CONDITIONS
from services.insights.tracks import store
from tests.integration.insights.audience import Audience
from tests.integration.insights.history import record
from tests.integration.insights.naive import Rows
from tests.support.owners import Catalog

ROWS = "SELECT {columns} FROM {table} WHERE {condition}"


def user(*, role: str = "user", id: str = "") -> Principal:
    return Principal(Kind.USER, account_id=UUID(id) if id else new_id(), number=7, session_id=new_id(), role=role)


@dataclass
class System:
    settings: Settings
    roles: Roles
    database: Database
    channel: Channel
    catalog: Catalog
    audience_service: Audience
    _next: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self.metrics = figures_pb2_grpc.FiguresServiceStub(self.channel.grpc)
        self.listeners = listeners_pb2_grpc.ListenersServiceStub(self.channel.grpc)
        self.realtime = realtime_pb2_grpc.RealtimeServiceStub(self.channel.grpc)
        self.sink = self.another_sink()

    def another_sink(self, *, counts_unauthenticated: bool = True) -> ExactlyOnceSink:
        counter = Counter(counts_unauthenticated=counts_unauthenticated)
        return ExactlyOnceSink(self.database, "insights", counter.apply)

    async def count(self, *messages: Message) -> None:
        """Hands the messages to the counting consumer, a batch for each topic."""
        batches: dict[str, list[Record]] = defaultdict(list)
        for message in messages:
            batches[(told := record(message)).topic].append(told)
        for topic, records in batches.items():
            await self.count_batch(topic, records)

    async def count_batch(self, topic: str, records: Sequence[Record]) -> None:
        first, after = self._next[topic], self._next[topic] + len(records)
        await self.sink.apply(TopicPartition(topic, 0), records, first, after)
        self._next[topic] = after

    async def rows(self) -> Rows:
        """Every aggregate as sets of rows, ids as text."""
        async with self.database.connection() as conn:
            found = {}
            for table, columns in COMPARED.items():
                condition = CONDITIONS.get(table, "true").replace("minute >= $1", "true")
                rows = await conn.fetch(ROWS.format(columns=columns, table=table, condition=condition))
                found[table] = {tuple(str(v) if isinstance(v, UUID) else v for v in row) for row in rows}
        return found

    async def value(self, sql: str, *values: object) -> Any:
        async with self.database.connection() as conn:
            return await conn.fetchval(sql, *values)

    # -- what the gateway asks

    async def keep(self, state: TrackState) -> TrackState:
        """Has the copy know it, without catalog."""
        async with self.database.transaction() as conn:
            await store.apply(conn, [peers.track_of(state)])
        return state

    async def stats(self, track: Ref, caller: Principal) -> figures_pb2.Stats:
        answer = await call(self.metrics.GetStats, figures_pb2.GetStatsRequest(track=track), caller=caller)
        stats: figures_pb2.Stats = answer.stats
        return stats

    async def figures(self, track: Ref, days: int, caller: Principal) -> figures_pb2.GetFiguresResponse:
        request = figures_pb2.GetFiguresRequest(track=track, days=days)
        answer: figures_pb2.GetFiguresResponse = await call(self.metrics.GetFigures, request, caller=caller)
        return answer

    async def charts(self, track: Ref, days: int, caller: Principal) -> figures_pb2.GetChartsResponse:
        request = figures_pb2.GetChartsRequest(track=track, days=days)
        answer: figures_pb2.GetChartsResponse = await call(self.metrics.GetCharts, request, caller=caller)
        return answer

    async def now(self, track: Ref, caller: Principal) -> realtime_pb2.GetTrackRealtimeResponse:
        request = realtime_pb2.GetTrackRealtimeRequest(track=track)
        answer: realtime_pb2.GetTrackRealtimeResponse = await call(
            self.realtime.GetTrackRealtime, request, caller=caller
        )
        return answer

    async def top(
        self, track: Ref, caller: Principal, main_user_id: str = ""
    ) -> listeners_pb2.ListTopListenersResponse:
        request = listeners_pb2.ListTopListenersRequest(track=track, main_user_id=main_user_id)
        answer: listeners_pb2.ListTopListenersResponse = await call(self.listeners.ListTop, request, caller=caller)
        return answer

    async def audience(
        self, track: Ref, caller: Principal, main_user_id: str = "", *, offset: int = 0, limit: int = 20
    ) -> listeners_pb2.ListListenersForTrackResponse:
        request = listeners_pb2.ListListenersForTrackRequest(track=track, main_user_id=main_user_id)
        request.page.offset, request.page.limit = offset, limit
        answer: listeners_pb2.ListListenersForTrackResponse = await call(
            self.listeners.ListForTrack, request, caller=caller
        )
        return answer
