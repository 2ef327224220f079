"""A real server and a real channel: who may call, what comes back when it fails, and the budget that goes along."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from soundstage.audience.v1 import follows_pb2 as pb
from soundstage.audience.v1.follows_pb2_grpc import (
    FollowsServiceServicer,
    FollowsServiceStub,
    add_FollowsServiceServicer_to_server,
)

from chassis import client, clock, errors, principal
from chassis.config import Settings
from chassis.ids import new_id
from chassis.server import Server

# As long a description as a track may have, in a script of four bytes a letter, and room for all else.
LONG_TEXT = "\U00012000" * 3000
USER = principal.Principal(principal.Kind.USER, account_id=new_id(), number=7, session_id=new_id())


class Follows(FollowsServiceServicer):
    """Answers by what the account id says."""

    @principal.allow(principal.Kind.USER)
    async def Follow(self, request: pb.FollowRequest, context: Any) -> pb.FollowResponse:
        match request.account_id:
            case "refuse":
                fields = [errors.FieldError("account_id", "is your own")]
                raise errors.Invalid("No", reason="SELF", fields=fields, retry_after_seconds=1.5)
            case "crash":
                raise RuntimeError("with a secret")
            case "slow":
                await asyncio.sleep(30)
        return pb.FollowResponse()

    @principal.allow_anyone
    async def Unfollow(self, request: pb.UnfollowRequest, context: Any) -> pb.UnfollowResponse:
        assert principal.current().is_anonymous
        return pb.UnfollowResponse()

    @principal.allow_anyone
    async def ListAmong(self, request: pb.ListFollowsAmongRequest, context: Any) -> pb.ListFollowsAmongResponse:
        if request.account_ids:
            return pb.ListFollowsAmongResponse(followed_ids=[LONG_TEXT] * 1000)
        return pb.ListFollowsAmongResponse(
            followed_ids=[str(principal.current().account_id), f"{clock.remaining(99):.0f}"]
        )

    # Nobody calls these; without a policy the server would not start.
    ListFollowers: Any = Unfollow
    ListFollowees: Any = Unfollow
    CountChanges: Any = Unfollow
    ResendChanges: Any = Unfollow

    @principal.allow_services
    async def Export(self, request: pb.ExportFollowsRequest, context: Any) -> AsyncIterator[pb.ExportFollowsResponse]:
        yield pb.ExportFollowsResponse()
        raise errors.Conflict("half-way")


@asynccontextmanager
async def serving(servicer: Any = None) -> AsyncIterator[FollowsServiceStub]:
    async with connected(servicer) as channel:
        yield FollowsServiceStub(channel.grpc)


@asynccontextmanager
async def connected(servicer: Any = None) -> AsyncIterator[client.Channel]:
    server = Server(Settings(port=0), [(servicer or Follows(), add_FollowsServiceServicer_to_server)])
    stop = asyncio.Event()
    task = asyncio.create_task(server.run(stop))
    while not server.port:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    channel = client.Channel(f"127.0.0.1:{server.port}", pb.DESCRIPTOR.services_by_name["FollowsService"])
    try:
        yield channel
    finally:
        await channel.close()
        stop.set()
        await task


async def test_what_was_raised_comes_back() -> None:
    async with serving() as stub:
        with pytest.raises(errors.Invalid) as refused:
            await client.call(stub.Follow, pb.FollowRequest(account_id="refuse"), caller=USER)
    error = refused.value
    assert (error.reason, error.message, error.retry_after_seconds) == ("SELF", "No", 1.5)
    assert error.fields == (("account_id", "is your own"),)


async def test_a_crash_shows_nothing() -> None:
    async with serving() as stub:
        with pytest.raises(errors.Internal) as failed:
            await client.call(stub.Follow, pb.FollowRequest(account_id="crash"), caller=USER)
    assert "secret" not in failed.value.message


async def test_an_answer_may_hold_a_thousand_long_texts() -> None:
    async with serving() as stub:
        answer = await client.call(stub.ListAmong, pb.ListFollowsAmongRequest(account_ids=["all"]))
    assert len(answer.followed_ids[-1]) == len(LONG_TEXT)


async def test_policies_are_kept() -> None:
    async with serving() as stub:
        with pytest.raises(errors.Unauthenticated):
            await client.call(stub.Follow, pb.FollowRequest())
        with pytest.raises(errors.Forbidden):
            await client.call(stub.Follow, pb.FollowRequest(), caller=principal.SERVICE)
        await client.call(stub.Unfollow, pb.UnfollowRequest())


async def test_a_method_without_a_policy_keeps_the_server_from_starting() -> None:
    class Careless(Follows):
        async def Unfollow(self, request: pb.UnfollowRequest, context: Any) -> pb.UnfollowResponse:
            return pb.UnfollowResponse()

    with pytest.raises(RuntimeError, match="Unfollow does not state"):
        async with serving(Careless()):
            pass


async def test_principal_and_budget_go_along() -> None:
    async with serving() as stub:
        with clock.budget(3):
            answer = await client.call(stub.ListAmong, pb.ListFollowsAmongRequest(), caller=USER)
    assert list(answer.followed_ids) == [str(USER.account_id), "3"]


async def test_a_call_ends_with_its_budget() -> None:
    async with serving() as stub:
        with clock.budget(0.2), pytest.raises(errors.Unavailable):
            await client.call(stub.Follow, pb.FollowRequest(account_id="slow"), caller=USER)


async def test_nobody_there_is_unavailable() -> None:
    channel = client.Channel("127.0.0.1:1")
    with pytest.raises(errors.Unavailable):
        await client.call(FollowsServiceStub(channel.grpc).Follow, pb.FollowRequest(), timeout_seconds=1)
    await channel.close()


async def test_a_stream_that_fails_half_way_says_so() -> None:
    async with serving() as stub:
        taken = []
        with pytest.raises(errors.Conflict):
            async for part in client.stream(stub.Export, pb.ExportFollowsRequest(), caller=principal.SERVICE):
                taken.append(part)
    assert len(taken) == 1


async def test_a_full_server_refuses_calls_and_says_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that hangs must not make Kubernetes restart every replica."""
    monkeypatch.setattr("chassis.server.MAX_CALLS", 3)
    async with connected() as channel:
        follows, health = FollowsServiceStub(channel.grpc), HealthStub(channel.grpc)
        slow = [
            asyncio.create_task(client.call(follows.Follow, pb.FollowRequest(account_id="slow"), caller=USER))
            for _ in range(3)
        ]
        await asyncio.sleep(0.2)
        with pytest.raises(errors.Unavailable):
            await client.call(follows.Follow, pb.FollowRequest(account_id="quick"), caller=USER)
        answer = await health.Check(HealthCheckRequest(), timeout=5)
        assert answer.status == HealthCheckResponse.SERVING
        for call in slow:
            call.cancel()
        await asyncio.sleep(0.2)
        await client.call(follows.Follow, pb.FollowRequest(account_id="quick"), caller=USER)
