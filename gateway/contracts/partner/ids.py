"""Ids in paths: one that is no UUID is as unknown as any other."""

from chassis.errors import NotFound
from gateway.web.fields import is_uuid
from gateway.web.requests import Request


def path_uuid(request: Request, name: str) -> str:
    """The path parameter as a UUID in lower case. NotFound."""
    text: str = request.path_params[name]
    if not is_uuid(text):
        raise NotFound()
    return text.lower()
