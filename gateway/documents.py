"""The contracts' documents, read once, and as JSON for programs."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gateway.web.responses import as_json

_CONTRACTS = Path(__file__).parent / "contracts"


@cache
def load(name: str) -> dict[str, Any]:
    text = (_CONTRACTS / name / "openapi.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=_TextLoader)
    return loaded


@cache
def openapi_json(name: str) -> bytes:
    return as_json(load(name))


class _TextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe, and leaves dates as text, since the document is served as JSON."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _TextLoader.yaml_implicit_resolvers.items()
}
