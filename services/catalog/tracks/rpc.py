"""TracksService on the wire."""

from collections.abc import AsyncIterator
from typing import Any

from soundstage.catalog.v1 import tracks_pb2 as pb
from soundstage.catalog.v1.tracks_pb2_grpc import TracksServiceServicer

from chassis import idempotency, ids, principal
from chassis.errors import Error, Forbidden
from chassis.ids import Ref
from chassis.pages import Page
from chassis.principal import Kind, allow, allow_anyone, allow_services, current
from services.catalog import events
from services.catalog.people.rpc import person, refs
from services.catalog.tracks.domain import Tracks
from services.catalog.tracks.form import Form
from services.catalog.tracks.track import Filters, Order, Sort, View, Wanted
from services.catalog.tracks.upload import Upload

SORTS = {
    pb.TRACK_SORT_UNSPECIFIED: Sort.CREATED_AT,
    pb.TRACK_SORT_CREATED_AT: Sort.CREATED_AT,
    pb.TRACK_SORT_TITLE: Sort.TITLE,
    pb.TRACK_SORT_POPULARITY: Sort.POPULARITY,
}


class TracksRpc(TracksServiceServicer):
    def __init__(self, tracks: Tracks) -> None:
        self._tracks = tracks

    @allow(Kind.USER)
    async def Add(self, request: pb.AddTrackRequest, context: Any) -> pb.AddTrackResponse:
        upload = Upload(
            recording_id=ids.parse(request.recording_id, field="recording_id"),
            filename=request.filename,
            format=request.format,
            file_bytes=request.file_bytes,
            form=form(request.form),
            file_tags=form(request.file_tags),
            idempotency_key=request.idempotency_key,
            fingerprint=_fingerprint(request),
        )
        return pb.AddTrackResponse(track=track(await self._tracks.add(current(), upload)))

    @allow_anyone
    async def Get(self, request: pb.GetTrackRequest, context: Any) -> pb.GetTrackResponse:
        wanted = Wanted(Ref.of(request.track), current(), request.public_only)
        return pb.GetTrackResponse(track=track(await self._tracks.get(wanted)))

    @allow_anyone
    async def GetBatch(self, request: pb.GetTrackBatchRequest, context: Any) -> pb.GetTrackBatchResponse:
        wanted = [
            Wanted(asked, _caller(item.principal), item.public_only)
            for asked, item in zip(refs([item.track for item in request.items]), request.items, strict=True)
        ]
        return pb.GetTrackBatchResponse(outcomes=[_outcome(o) for o in await self._tracks.get_batch(wanted)])

    @allow_anyone
    async def List(self, request: pb.ListTracksRequest, context: Any) -> pb.ListTracksResponse:
        owner = Ref.of(request.owner, field="owner") if request.HasField("owner") else None
        filters = Filters(
            owner_id=owner.id if owner else None,
            owner_number=owner.number if owner else None,
            genre=request.genre if request.HasField("genre") else None,
            format=request.format if request.HasField("format") else None,
        )
        order = Order(SORTS.get(request.sort, Sort.CREATED_AT), request.ascending)
        page = Page.of(request.page.offset, request.page.limit)
        views, total = await self._tracks.list_tracks(
            current(),
            filters,
            order,
            page,
            public_only=request.public_only,
            all_of_owner=request.all_of_owner,
        )
        return pb.ListTracksResponse(tracks=[track(view) for view in views], total=total)

    @allow_anyone
    async def ListTags(self, request: pb.ListTrackTagsRequest, context: Any) -> pb.ListTrackTagsResponse:
        most = Page.of(0, request.limit).limit
        tags = await self._tracks.list_tags(current(), Ref.of(request.owner, field="owner"), most)
        return pb.ListTrackTagsResponse(tags=tags)

    @allow(Kind.USER)
    async def Change(self, request: pb.ChangeTrackRequest, context: Any) -> pb.ChangeTrackResponse:
        view = await self._tracks.change(current(), ids.parse(request.id), list(request.fields), form(request.form))
        return pb.ChangeTrackResponse(track=track(view))

    @allow(Kind.USER)
    async def Remove(self, request: pb.RemoveTrackRequest, context: Any) -> pb.RemoveTrackResponse:
        await self._tracks.remove(current(), ids.parse(request.id))
        return pb.RemoveTrackResponse()

    @allow_services
    async def ListStates(self, request: pb.ListTrackStatesRequest, context: Any) -> pb.ListTrackStatesResponse:
        found = await self._tracks.list_states(refs(request.tracks))
        return pb.ListTrackStatesResponse(tracks=[events.track_state(t) for t in found])

    @allow_services
    async def Export(self, request: pb.ExportTracksRequest, context: Any) -> AsyncIterator[pb.ExportTracksResponse]:
        after = ids.parse(request.after_id, field="after_id") if request.after_id else None
        async for batch in self._tracks.export(after):
            yield pb.ExportTracksResponse(tracks=[events.track_state(t) for t in batch])


def form(sent: pb.TrackForm) -> Form:
    """What was said; no tags are as nothing said of tags."""
    said = {field.name: value for field, value in sent.ListFields() if field.name != "tags"}
    return Form(**said, tags=tuple(sent.tags) or None)


def track(view: View) -> pb.Track:
    message = pb.Track.FromString(view.card)
    message.owner.MergeFrom(person(view.owner))
    message.is_downloadable = view.is_downloadable
    message.play_count, message.like_count, message.repost_count = view.plays, view.likes, view.reposts
    return message


def _outcome(outcome: View | Error) -> pb.GetTrackOutcome:
    if isinstance(outcome, Error):
        return pb.GetTrackOutcome(refused=outcome.reason)
    return pb.GetTrackOutcome(track=track(outcome))


def _caller(encoded: bytes) -> principal.Principal:
    """The caller of an item; only a service that groups calls may name it."""
    if not encoded:
        return current()
    if current().kind is not Kind.SERVICE:
        raise Forbidden()
    return principal.decode(encoded)


def _fingerprint(request: pb.AddTrackRequest) -> bytes:
    """Of the file's digest and its metadata; each attempt has a new recording."""
    same = pb.AddTrackRequest(
        filename=request.filename, sha256=request.sha256, file_bytes=request.file_bytes, form=request.form
    )
    return idempotency.fingerprint(same)
