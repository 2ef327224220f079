"""The contracts' documents as they are served: JSON for programs, and one small page that needs nothing else."""

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import yaml
from starlette.responses import Response

from chassis import errors
from gateway.web.responses import as_json

PREFIX = "/docs/"
_CONTRACTS = Path(__file__).parent / "contracts"
_PAGE = Path(__file__).parent / "documents.html"


@cache
def load(name: str) -> dict[str, Any]:
    text = (_CONTRACTS / name / "openapi.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=_TextLoader)
    return loaded


@cache
def openapi_json(name: str) -> bytes:
    return as_json(load(name))


@cache
def _names() -> frozenset[str]:
    return frozenset(document.parent.name for document in _CONTRACTS.glob("*/openapi.yaml"))


def answer(path: str) -> Response:
    """`/docs/<contract>` is a page, `/docs/<contract>/openapi.json` its document; NotFound."""
    name, _, file = path.removeprefix(PREFIX).partition("/")
    # Compared with what is there, never used as a path.
    if name not in _names() or file not in ("", "openapi.json"):
        raise errors.NotFound()
    if file:
        return Response(openapi_json(name), media_type="application/json")
    page = page_html(f"{PREFIX}{name}/openapi.json", is_interactive=True)
    return Response(page, media_type="text/html")


@cache
def page_html(document_url: str, *, is_interactive: bool) -> bytes:
    page = _PAGE.read_text(encoding="utf-8")
    settings = json.dumps({"url": document_url, "interactive": is_interactive})
    return page.replace("{{settings}}", escape(settings, quote=True)).encode()


class _TextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe, and leaves dates as the text they are: the document is served as JSON."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _TextLoader.yaml_implicit_resolvers.items()
}
