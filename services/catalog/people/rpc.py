"""PeopleService on the wire."""

from collections.abc import Collection

from soundstage.catalog.v1 import people_pb2, people_pb2_grpc
from soundstage.common.v1 import common_pb2

from chassis import ids, principal
from chassis.errors import FieldError, Invalid
from chassis.pages import Page
from services.catalog.people.domain import People
from services.catalog.people.person import Person, Ref

MAX_ITEMS = 1000


class PeopleRpc(people_pb2_grpc.PeopleServiceServicer):
    def __init__(self, people: People) -> None:
        self._people = people

    @principal.allow_anyone
    async def GetBatch(
        self, request: people_pb2.GetPersonBatchRequest, context: object
    ) -> people_pb2.GetPersonBatchResponse:
        found = await self._people.get_batch(principal.current(), refs(request.people))
        return people_pb2.GetPersonBatchResponse(people=[person(p) for p in found])

    @principal.allow_anyone
    async def GetByHandle(
        self, request: people_pb2.GetPersonByHandleRequest, context: object
    ) -> people_pb2.GetPersonByHandleResponse:
        return people_pb2.GetPersonByHandleResponse(person=person(await self._people.get_by_handle(request.handle)))

    @principal.allow_anyone
    async def ListTop(
        self, request: people_pb2.ListTopPeopleRequest, context: object
    ) -> people_pb2.ListTopPeopleResponse:
        page = Page.of(request.page.offset, request.page.limit)
        return people_pb2.ListTopPeopleResponse(people=[person(p) for p in await self._people.list_top(page)])


def refs(sent: Collection[common_pb2.Ref]) -> list[Ref]:
    if len(sent) > MAX_ITEMS:
        raise Invalid(fields=[FieldError("", f"at most {MAX_ITEMS} at once")])
    return [ref(one) for one in sent]


def ref(sent: common_pb2.Ref, field: str = "id") -> Ref:
    """Raises Invalid when it names nothing."""
    kind = sent.WhichOneof("ref")
    if kind == "id":
        return Ref(id=ids.parse(sent.id, field=field))
    if kind == "number" and sent.number > 0:
        return Ref(number=sent.number)
    raise Invalid("Malformed id", fields=[FieldError(field, "must be a UUID or a positive number")])


def person(p: Person) -> people_pb2.Person:
    return people_pb2.Person(
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
