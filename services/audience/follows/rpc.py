"""Follows on the wire."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from soundstage.audience.v1 import follows_pb2 as pb
from soundstage.audience.v1.follows_pb2_grpc import FollowsServiceServicer

from chassis.clock import timestamp
from chassis.ids import parse
from chassis.pages import Page
from chassis.principal import Kind, allow, allow_anyone, allow_services, current
from services.audience.events import follow_value
from services.audience.follows.domain import Follows
from services.audience.follows.follow import Follow
from services.audience.wire import account_name, minute_changes, moment, moments, pair


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
    async def ListAmong(self, request: pb.ListFollowsAmongRequest, context: Any) -> pb.ListFollowsAmongResponse:
        account_ids = {parse(id, field="account_ids") for id in request.account_ids}
        followed = await self._follows.list_among(account_ids, current())
        return pb.ListFollowsAmongResponse(followed_ids=map(str, followed))

    @allow_anyone
    async def ListFollowers(self, request: pb.ListFollowersRequest, context: Any) -> pb.ListFollowersResponse:
        page = Page.of(request.page.offset, request.page.limit)
        follows, total = await self._follows.list_followers(account_name(request.account), page, current())
        followers = [_entry(follow.follower_id, follow) for follow in follows]
        return pb.ListFollowersResponse(followers=followers, total=total)

    @allow_anyone
    async def ListFollowees(self, request: pb.ListFolloweesRequest, context: Any) -> pb.ListFolloweesResponse:
        page = Page.of(request.page.offset, request.page.limit)
        follows, total = await self._follows.list_followees(account_name(request.account), page, current())
        followees = [_entry(follow.followee_id, follow) for follow in follows]
        return pb.ListFolloweesResponse(followees=followees, total=total)

    @allow_services
    async def CountChanges(self, request: pb.CountFollowChangesRequest, context: Any) -> pb.CountFollowChangesResponse:
        counts = await self._follows.changes.count(moment(getattr(request, "from")), moment(request.to))
        return pb.CountFollowChangesResponse(minutes=minute_changes(counts))

    @allow_services
    async def ResendChanges(
        self, request: pb.ResendFollowChangesRequest, context: Any
    ) -> pb.ResendFollowChangesResponse:
        sent = await self._follows.changes.resend(moments(request.minutes))
        return pb.ResendFollowChangesResponse(events=sent)

    @allow_services
    async def Export(self, request: pb.ExportFollowsRequest, context: Any) -> AsyncIterator[pb.ExportFollowsResponse]:
        after = pair(request.after_follower_id, request.after_followee_id)
        async for follows in self._follows.changes.export(after):
            yield pb.ExportFollowsResponse(follows=map(follow_value, follows))


def _entry(account_id: UUID, follow: Follow) -> pb.Follow:
    return pb.Follow(account_id=str(account_id), followed_at=timestamp(follow.followed_at))
