"""RealtimeService on the wire."""

from typing import Any

from soundstage.insights.v1 import realtime_pb2 as pb
from soundstage.insights.v1.realtime_pb2_grpc import RealtimeServiceServicer

from chassis.clock import timestamp
from chassis.ids import Ref
from chassis.principal import Kind, allow, current
from services.insights.realtime.domain import RealtimePlays
from services.insights.realtime.now import RecentPlay


class RealtimeRpc(RealtimeServiceServicer):
    def __init__(self, realtime: RealtimePlays) -> None:
        self._realtime = realtime

    @allow(Kind.USER)
    async def GetTrackRealtime(self, request: pb.GetTrackRealtimeRequest, context: Any) -> pb.GetTrackRealtimeResponse:
        now = await self._realtime.get_track_realtime(current(), Ref.of(request.track, field="track"))
        return pb.GetTrackRealtimeResponse(
            as_of=timestamp(now.as_of),
            active_listeners=now.active_listeners,
            last_hour=now.last_hour,
            last_24_hours=now.last_24_hours,
            minutes_from=timestamp(now.minutes_from),
            per_minute=now.per_minute,
            recent_plays=[_recent(play) for play in now.recent_plays],
        )


def _recent(play: RecentPlay) -> pb.RecentPlay:
    # Rounded up, so that the seconds a player reported come back as they were, also where the duration cut them.
    seconds = None if play.heard_ms is None else -(-play.heard_ms // 1000)
    return pb.RecentPlay(played_at=timestamp(play.played_at), device=play.device, seconds=seconds)
