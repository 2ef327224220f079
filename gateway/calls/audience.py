from collections.abc import Sequence

from soundstage.audience.v1 import follows_pb2 as follows
from soundstage.audience.v1 import likes_pb2 as likes
from soundstage.audience.v1 import playlist_likes_pb2 as playlist_likes
from soundstage.audience.v1 import plays_pb2 as plays
from soundstage.audience.v1 import reposts_pb2 as reposts
from soundstage.audience.v1.follows_pb2_grpc import FollowsServiceStub
from soundstage.audience.v1.likes_pb2_grpc import LikesServiceStub
from soundstage.audience.v1.playlist_likes_pb2_grpc import PlaylistLikesServiceStub
from soundstage.audience.v1.plays_pb2_grpc import PlaysServiceStub
from soundstage.audience.v1.reposts_pb2_grpc import RepostsServiceStub

from chassis import errors, principal, telemetry
from chassis.client import Channel
from chassis.ids import new_id
from chassis.principal import SERVICE
from gateway.batch import Coalescer
from gateway.calls.wire import ask

# Why an item of a group was refused, with what to say of it.
_REFUSALS: dict[str, tuple[type[errors.Error], str]] = {
    errors.NotFound.default_reason: (errors.NotFound, ""),
    errors.Forbidden.default_reason: (errors.Forbidden, ""),
    errors.Conflict.default_reason: (errors.Conflict, "The track is not completed"),
    errors.Unavailable.default_reason: (errors.Unavailable, ""),
    "IDEMPOTENCY_IN_FLIGHT": (errors.Conflict, "A request with this key is still running"),
    "IDEMPOTENCY_KEY_REUSED": (errors.Invalid, "This key was used with another request"),
}


class Audience:
    def __init__(self, address: str) -> None:
        nouns = (plays, likes, playlist_likes, reposts, follows)
        services = [service for noun in nouns for service in noun.DESCRIPTOR.services_by_name.values()]
        # Plays carry ids of ours, so a group may be sent again.
        channel = Channel(address, *services, keyed=("RecordPlays",))
        self.close = channel.close
        self._plays = PlaysServiceStub(channel.grpc)
        self._likes = LikesServiceStub(channel.grpc)
        self._playlist_likes = PlaylistLikesServiceStub(channel.grpc)
        self._reposts = RepostsServiceStub(channel.grpc)
        self._follows = FollowsServiceStub(channel.grpc)
        self._plays_in_groups = Coalescer("audience.plays", self._record_plays)

    async def record_play(self, item: plays.PlayItem) -> plays.PlayOutcome:
        """Keeps one play of the caller, in a group with what others send now; id, principal and trace are set here."""
        item.id = str(new_id())
        item.principal = principal.encode(principal.current())
        item.traceparent = telemetry.traceparent()
        outcome = await self._plays_in_groups.ask(item)
        if outcome.refused:
            kind, message = _REFUSALS.get(outcome.refused, (errors.Invalid, ""))
            raise kind(message, reason=outcome.refused)
        return outcome

    async def like(self, request: likes.LikeTrackRequest) -> likes.LikeTrackResponse:
        return await ask(self._likes.Like, request)

    async def unlike(self, request: likes.UnlikeTrackRequest) -> likes.UnlikeTrackResponse:
        return await ask(self._likes.Unlike, request)

    async def list_likes_for_track(self, request: likes.ListLikesForTrackRequest) -> likes.ListLikesForTrackResponse:
        return await ask(self._likes.ListForTrack, request)

    async def list_likes_of(self, request: likes.ListLikesOfRequest) -> likes.ListLikesOfResponse:
        return await ask(self._likes.ListOf, request)

    async def like_playlist(self, request: playlist_likes.LikePlaylistRequest) -> playlist_likes.LikePlaylistResponse:
        return await ask(self._playlist_likes.Like, request)

    async def unlike_playlist(
        self, request: playlist_likes.UnlikePlaylistRequest
    ) -> playlist_likes.UnlikePlaylistResponse:
        return await ask(self._playlist_likes.Unlike, request)

    async def repost(self, request: reposts.RepostRequest) -> reposts.RepostResponse:
        return await ask(self._reposts.Repost, request)

    async def unrepost(self, request: reposts.UnrepostRequest) -> reposts.UnrepostResponse:
        return await ask(self._reposts.Unrepost, request)

    async def list_reposts_of(self, request: reposts.ListRepostsOfRequest) -> reposts.ListRepostsOfResponse:
        return await ask(self._reposts.ListOf, request)

    async def follow(self, request: follows.FollowRequest) -> follows.FollowResponse:
        return await ask(self._follows.Follow, request)

    async def unfollow(self, request: follows.UnfollowRequest) -> follows.UnfollowResponse:
        return await ask(self._follows.Unfollow, request)

    async def list_followers(self, request: follows.ListFollowersRequest) -> follows.ListFollowersResponse:
        return await ask(self._follows.ListFollowers, request)

    async def list_followees(self, request: follows.ListFolloweesRequest) -> follows.ListFolloweesResponse:
        return await ask(self._follows.ListFollowees, request)

    async def list_follows_among(self, request: follows.ListFollowsAmongRequest) -> follows.ListFollowsAmongResponse:
        return await ask(self._follows.ListAmong, request)

    async def _record_plays(self, group: Sequence[plays.PlayItem]) -> Sequence[plays.PlayOutcome]:
        answer = await ask(self._plays.RecordPlays, plays.RecordPlaysRequest(items=group), caller=SERVICE)
        return list(answer.outcomes)
