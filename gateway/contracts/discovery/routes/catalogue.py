from chassis.errors import NotFound
from gateway.contract import Handlers
from gateway.contracts.discovery import hashid, mapping
from gateway.parts import Parts
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("getTrack")
async def get_track(parts: Parts, request: Request) -> JSONResponse:
    track_id = request.path_params["track_id"]
    number = hashid.decode(track_id)
    with hashid.named(track_id):
        track = await parts.calls.catalog.get_track(number, public_only=True)
    return JSONResponse({"data": mapping.track(track, parts.media, parts.origin(request))})


@HANDLERS.on("getUser")
async def get_user(parts: Parts, request: Request) -> JSONResponse:
    user_id = request.path_params["user_id"]
    number = hashid.decode(user_id)
    with hashid.named(user_id):
        person = await parts.calls.catalog.person(number)
        # Who has no handle is a partner's user and no member of the public.
        if person is None or not person.handle:
            raise NotFound()
    return JSONResponse({"data": mapping.user(person)})
