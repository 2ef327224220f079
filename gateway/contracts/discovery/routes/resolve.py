import re
from urllib.parse import unquote

from soundstage.catalog.v1.people_pb2 import GetPersonByHandleRequest
from soundstage.catalog.v1.playlists_pb2 import GetPlaylistRequest
from starlette.responses import Response

from chassis.errors import NotFound
from gateway.calls.wire import ask, ref
from gateway.contract import Handlers
from gateway.contracts.discovery import hashid
from gateway.contracts.discovery.schemas import resolve_query
from gateway.parts import Parts
from gateway.web.requests import Request

HANDLERS = Handlers()
# Any scheme and host; the path, without a trailing slash; query and fragment.
_URL = re.compile(r"(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*)?(/[^?#]*?)/?(?:[?#].*)?", re.DOTALL)
_NUMBERED = re.compile(r".+-([0-9]{1,19})", re.DOTALL)


@HANDLERS.on("resolve")
async def resolve(parts: Parts, request: Request) -> Response:
    """Redirects to the resource behind a page's URL; the location is relative, and only given if it exists."""
    url = resolve_query(request).url
    with hashid.not_found_as(url):
        kind, number = await _found(parts, url)
    return Response(status_code=302, headers={"location": f"/v1/{kind}/{hashid.encode(number)}"})


async def _found(parts: Parts, url: str) -> tuple[str, int]:
    match [unquote(segment) for segment in _path(url).split("/")[1:]]:
        case [handle] if handle:
            answer = await ask(parts.services.people.GetByHandle, GetPersonByHandleRequest(handle=handle))
            return "users", answer.person.number
        case [handle, slug] if handle:
            return "tracks", (await parts.batched.get_track(_number(slug), public_only=True)).number
        case [handle, "playlist" | "album", slug] if handle:
            wanted = GetPlaylistRequest(playlist=ref(_number(slug)), public_only=True)
            return "playlists", (await ask(parts.services.playlists.Get, wanted)).playlist.number
    raise NotFound()


def _path(url: str) -> str:
    match = _URL.fullmatch(url)
    return match[1] if match else ""


def _number(slug: str) -> int:
    """The number at the end, which alone decides: old links survive a new title or handle. NotFound."""
    match = _NUMBERED.fullmatch(slug)
    number = int(match[1]) if match else 0
    if not 1 <= number <= hashid.MAX_NUMBER:
        raise NotFound()
    return number
