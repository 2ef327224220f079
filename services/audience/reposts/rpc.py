"""Reposts on the wire."""

from typing import Any

from soundstage.audience.v1 import reposts_pb2 as pb
from soundstage.audience.v1.reposts_pb2_grpc import RepostsServiceServicer

from chassis import principal
from chassis.clock import timestamp
from chassis.errors import FieldError, Invalid
from chassis.ids import Ref, parse
from chassis.pages import Page
from chassis.principal import allow, allow_anyone, current
from services.audience.events import repost_value
from services.audience.reposts.domain import Reposts
from services.audience.reposts.repost import Kind, Repost
from services.audience.wire import Answers, ChangesRpc

ANSWERS = Answers[Repost](
    pb.CountRepostChangesResponse,
    pb.ResendRepostChangesResponse,
    lambda reposts: pb.ExportRepostsResponse(reposts=map(repost_value, reposts)),
)


class RepostsRpc(ChangesRpc[Repost], RepostsServiceServicer):
    def __init__(self, reposts: Reposts) -> None:
        super().__init__(reposts.changes, ANSWERS)
        self._reposts = reposts

    @allow(principal.Kind.USER)
    async def Repost(self, request: pb.RepostRequest, context: Any) -> pb.RepostResponse:
        await self._reposts.repost(current(), _kind(request.kind), parse(request.subject_id, field="subject_id"))
        return pb.RepostResponse()

    @allow(principal.Kind.USER)
    async def Unrepost(self, request: pb.UnrepostRequest, context: Any) -> pb.UnrepostResponse:
        await self._reposts.unrepost(current(), _kind(request.kind), parse(request.subject_id, field="subject_id"))
        return pb.UnrepostResponse()

    @allow_anyone
    async def ListOf(self, request: pb.ListRepostsOfRequest, context: Any) -> pb.ListRepostsOfResponse:
        page = Page.of(request.page.offset, request.page.limit)
        reposts, total = await self._reposts.list_of(current(), Ref.of(request.account, field="account"), page)
        return pb.ListRepostsOfResponse(reposts=map(_entry, reposts), total=total)


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
