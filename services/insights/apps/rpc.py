"""AppsService on the wire."""

from collections import Counter
from typing import Any

from soundstage.insights.v1 import apps_pb2 as pb
from soundstage.insights.v1.apps_pb2_grpc import AppsServiceServicer

from chassis.errors import FieldError, Invalid
from chassis.ids import parse
from chassis.principal import allow_anyone, allow_services
from services.insights.apps.app import Trailing
from services.insights.apps.domain import Apps
from services.insights.wire import moment

RANGES = {
    pb.TRAILING_RANGE_WEEK: Trailing.WEEK,
    pb.TRAILING_RANGE_MONTH: Trailing.MONTH,
    pb.TRAILING_RANGE_ALL_TIME: Trailing.ALL_TIME,
}


class AppsRpc(AppsServiceServicer):
    def __init__(self, apps: Apps) -> None:
        self._apps = apps

    @allow_services
    async def Record(self, request: pb.RecordAppsRequest, context: Any) -> pb.RecordAppsResponse:
        counts: Counter[str] = Counter()
        for row in request.counts:
            counts[row.name] += row.count
        await self._apps.record(parse(request.id), counts, moment(request.counted_at))
        return pb.RecordAppsResponse()

    @allow_anyone
    async def ListTrailing(self, request: pb.ListTrailingAppsRequest, context: Any) -> pb.ListTrailingAppsResponse:
        trailing = RANGES.get(request.range)
        if trailing is None:
            raise Invalid(fields=[FieldError("range", "is required")])
        counts = await self._apps.list_trailing(trailing)
        return pb.ListTrailingAppsResponse(counts=[pb.AppCount(name=name, count=count) for name, count in counts])

    @allow_anyone
    async def Get(self, request: pb.GetAppRequest, context: Any) -> pb.GetAppResponse:
        app = await self._apps.get(request.address)
        return pb.GetAppResponse(
            app=pb.App(
                address=app.address,
                owner_number=app.owner_number,
                name=app.name,
                description=app.description,
                image=app.image,
            )
        )
