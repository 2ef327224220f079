"""Follows on the wire."""

from collections.abc import AsyncIterator
from typing import Any

from soundstage.audience.v1 import follows_pb2 as pb
from soundstage.audience.v1.follows_pb2_grpc import FollowsServiceServicer

from chassis.ids import parse
from chassis.principal import Kind, allow, allow_services, current
from services.audience.events import follow_value
from services.audience.follows.domain import Follows
from services.audience.wire import pair


class FollowsRpc(FollowsServiceServicer):
    def __init__(self, follows: Follows) -> None:
        self._follows = follows

    @allow(Kind.USER)
    async def Follow(self, request: pb.FollowRequest, context: Any) -> pb.FollowResponse:
        await self._follows.follow(parse(request.account_id), current())
        return pb.FollowResponse()

    @allow(Kind.USER)
    async def Unfollow(self, request: pb.UnfollowRequest, context: Any) -> pb.UnfollowResponse:
        await self._follows.unfollow(parse(request.account_id), current())
        return pb.UnfollowResponse()

    @allow(Kind.USER)
    async def ListAmong(self, request: pb.ListAmongRequest, context: Any) -> pb.ListAmongResponse:
        account_ids = {parse(id, field="account_ids") for id in request.account_ids}
        followed = await self._follows.list_among(account_ids, current())
        return pb.ListAmongResponse(followed_ids=map(str, followed))

    @allow_services
    async def Export(
        self, request: pb.FollowsServiceExportRequest, context: Any
    ) -> AsyncIterator[pb.FollowsServiceExportResponse]:
        async for follows in self._follows.export(pair(request.after_follower_id, request.after_followee_id)):
            yield pb.FollowsServiceExportResponse(follows=map(follow_value, follows))
