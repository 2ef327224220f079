"""Reposts on the wire."""

from collections.abc import AsyncIterator
from typing import Any

from soundstage.audience.v1 import reposts_pb2 as pb
from soundstage.audience.v1.reposts_pb2_grpc import RepostsServiceServicer

from chassis import principal
from chassis.clock import timestamp
from chassis.errors import FieldError, Invalid
from chassis.ids import parse
from chassis.pages import Page
from chassis.principal import allow, allow_anyone, allow_services, current
from services.audience.events import repost_value
from services.audience.reposts.domain import Reposts
from services.audience.reposts.repost import Kind, Repost
from services.audience.wire import account_name, minute_changes, moment, moments, pair


class RepostsRpc(RepostsServiceServicer):
    def __init__(self, reposts: Reposts) -> None:
        self._reposts = reposts

    @allow(principal.Kind.USER)
    async def Repost(self, request: pb.RepostRequest, context: Any) -> pb.RepostResponse:
        await self._reposts.repost(_kind(request.kind), parse(request.subject_id, field="subject_id"), current())
        return pb.RepostResponse()

    @allow(principal.Kind.USER)
    async def Unrepost(self, request: pb.UnrepostRequest, context: Any) -> pb.UnrepostResponse:
        await self._reposts.unrepost(_kind(request.kind), parse(request.subject_id, field="subject_id"), current())
        return pb.UnrepostResponse()

    @allow_anyone
    async def ListOf(self, request: pb.ListRepostsOfRequest, context: Any) -> pb.ListRepostsOfResponse:
        page = Page.of(request.page.offset, request.page.limit)
        reposts, total = await self._reposts.list_of(account_name(request.account), page, current())
        return pb.ListRepostsOfResponse(reposts=map(_entry, reposts), total=total)

    @allow_services
    async def CountChanges(self, request: pb.CountRepostChangesRequest, context: Any) -> pb.CountRepostChangesResponse:
        counts = await self._reposts.changes.count(moment(getattr(request, "from")), moment(request.to))
        return pb.CountRepostChangesResponse(minutes=minute_changes(counts))

    @allow_services
    async def ResendChanges(
        self, request: pb.ResendRepostChangesRequest, context: Any
    ) -> pb.ResendRepostChangesResponse:
        sent = await self._reposts.changes.resend(moments(request.minutes))
        return pb.ResendRepostChangesResponse(events=sent)

    @allow_services
    async def Export(self, request: pb.ExportRepostsRequest, context: Any) -> AsyncIterator[pb.ExportRepostsResponse]:
        async for reposts in self._reposts.changes.export(pair(request.after_subject_id, request.after_account_id)):
            yield pb.ExportRepostsResponse(reposts=map(repost_value, reposts))


def _kind(sent: int) -> Kind:
    try:
        return Kind(sent)
    except ValueError:
        raise Invalid(fields=[FieldError("kind", "must be known")]) from None


def _entry(repost: Repost) -> pb.Repost:
    return pb.Repost(
        kind=repost.kind,  # type: ignore[arg-type]
        subject_id=str(repost.subject_id),
        reposted_at=timestamp(repost.reposted_at),
    )
