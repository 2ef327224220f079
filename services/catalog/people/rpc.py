"""PeopleService on the wire."""

from collections.abc import Collection
from typing import Any

from soundstage.catalog.v1 import people_pb2 as pb
from soundstage.catalog.v1.people_pb2_grpc import PeopleServiceServicer
from soundstage.common.v1 import common_pb2

from chassis.errors import FieldError, Invalid
from chassis.ids import Ref
from chassis.pages import Page
from chassis.principal import allow_anyone, current
from services.catalog.people.domain import People
from services.catalog.people.person import Person

MAX_ITEMS = 1000


class PeopleRpc(PeopleServiceServicer):
    def __init__(self, people: People) -> None:
        self._people = people

    @allow_anyone
    async def GetBatch(self, request: pb.GetPersonBatchRequest, context: Any) -> pb.GetPersonBatchResponse:
        found = await self._people.get_batch(current(), refs(request.people))
        return pb.GetPersonBatchResponse(people=[person(p) for p in found])

    @allow_anyone
    async def GetByHandle(self, request: pb.GetPersonByHandleRequest, context: Any) -> pb.GetPersonByHandleResponse:
        return pb.GetPersonByHandleResponse(person=person(await self._people.get_by_handle(request.handle)))

    @allow_anyone
    async def ListTop(self, request: pb.ListTopPeopleRequest, context: Any) -> pb.ListTopPeopleResponse:
        page = Page.of(request.page.offset, request.page.limit)
        return pb.ListTopPeopleResponse(people=[person(p) for p in await self._people.list_top(page)])


def refs(sent: Collection[common_pb2.Ref]) -> list[Ref]:
    if len(sent) > MAX_ITEMS:
        raise Invalid(fields=[FieldError("", f"must contain at most {MAX_ITEMS}")])
    return [Ref.of(one) for one in sent]


def person(p: Person) -> pb.Person:
    return pb.Person(
        id=str(p.id),
        number=p.number,
        handle=p.handle,
        name=p.name,
        bio=p.bio,
        picture=p.picture,
        location=p.location,
        track_count=p.track_count,
        album_count=p.album_count,
        playlist_count=p.playlist_count,
        follower_count=p.follower_count,
        followee_count=p.followee_count,
        repost_count=p.repost_count,
    )
