"""Follows on the wire."""

from typing import Any
from uuid import UUID

from soundstage.audience.v1 import follows_pb2 as pb
from soundstage.audience.v1.follows_pb2_grpc import FollowsServiceServicer

from chassis.clock import timestamp
from chassis.ids import Ref, parse
from chassis.pages import Page
from chassis.principal import Kind, allow, allow_anyone, current
from services.audience.events import follow_value
from services.audience.follows.domain import Follows
from services.audience.follows.follow import Follow
from services.audience.wire import Answers, ChangesRpc

ANSWERS = Answers[Follow](
    pb.CountFollowChangesResponse,
    pb.ResendFollowChangesResponse,
    lambda follows: pb.ExportFollowsResponse(follows=map(follow_value, follows)),
)


class FollowsRpc(ChangesRpc[Follow], FollowsServiceServicer):
    def __init__(self, follows: Follows) -> None:
        super().__init__(follows.changes, ANSWERS)
        self._follows = follows

    @allow(Kind.USER)
    async def Follow(self, request: pb.FollowRequest, context: Any) -> pb.FollowResponse:
        await self._follows.follow(current(), parse(request.account_id))
        return pb.FollowResponse()

    @allow(Kind.USER)
    async def Unfollow(self, request: pb.UnfollowRequest, context: Any) -> pb.UnfollowResponse:
        await self._follows.unfollow(current(), parse(request.account_id))
        return pb.UnfollowResponse()

    @allow(Kind.USER)
    async def ListAmong(self, request: pb.ListFollowsAmongRequest, context: Any) -> pb.ListFollowsAmongResponse:
        account_ids = {parse(id, field="account_ids") for id in request.account_ids}
        followed = await self._follows.list_among(current(), account_ids)
        return pb.ListFollowsAmongResponse(followed_ids=map(str, followed))

    @allow_anyone
    async def ListFollowers(self, request: pb.ListFollowersRequest, context: Any) -> pb.ListFollowersResponse:
        page = Page.of(request.page.offset, request.page.limit)
        follows, total = await self._follows.list_followers(current(), Ref.of(request.account, field="account"), page)
        followers = [_entry(follow.follower_id, follow) for follow in follows]
        return pb.ListFollowersResponse(followers=followers, total=total)

    @allow_anyone
    async def ListFollowees(self, request: pb.ListFolloweesRequest, context: Any) -> pb.ListFolloweesResponse:
        page = Page.of(request.page.offset, request.page.limit)
        follows, total = await self._follows.list_followees(current(), Ref.of(request.account, field="account"), page)
        followees = [_entry(follow.followee_id, follow) for follow in follows]
        return pb.ListFolloweesResponse(followees=followees, total=total)


def _entry(account_id: UUID, follow: Follow) -> pb.Follow:
    return pb.Follow(account_id=str(account_id), followed_at=timestamp(follow.followed_at))
