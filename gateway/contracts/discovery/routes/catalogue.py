from chassis.errors import NotFound
from gateway.contract import Handlers
from gateway.contracts.discovery import hashid, mapping
from gateway.parts import Parts
from gateway.web.answers import Answer, json_answer
from gateway.web.requests import Request

HANDLERS = Handlers()


@HANDLERS.on("getTrack")
async def get_track(parts: Parts, request: Request) -> Answer:
    track_id = request.params["track_id"]
    number = hashid.decode(track_id)
    with hashid.named(track_id):
        track = await parts.calls.catalog.get_track(number, public_only=True)
    return json_answer(200, {"data": mapping.track(track, parts.media, parts.origin(request))})


@HANDLERS.on("getUser")
async def get_user(parts: Parts, request: Request) -> Answer:
    user_id = request.params["user_id"]
    number = hashid.decode(user_id)
    with hashid.named(user_id):
        person = await parts.calls.catalog.person(number)
        # Who has no handle is a partner's user and no member of the public.
        if person is None or not person.handle:
            raise NotFound()
    return json_answer(200, {"data": mapping.user(person)})
