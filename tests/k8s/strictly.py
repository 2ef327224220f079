"""Validation by the strict schemas of kubernetes-validate, each read once: the library reads them for every object."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema.validators import Draft202012Validator
from referencing import Registry, Resource

from tests.k8s.rendering import Object

SCHEMAS = files("kubernetes_validate") / "kubernetes-json-schema"


def validate(it: Object, minor: str) -> None:
    """Raises jsonschema.ValidationError for what that Kubernetes would not take, unknown fields among it."""
    _validator(it["kind"], it["apiVersion"], minor).validate(it)


@cache
def _validator(kind: str, api_version: str, minor: str) -> Any:
    group, _, version = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.partition(".")[0], version) if part)
    return Draft202012Validator(_read(minor, f"{name}.json"), registry=_definitions(minor))


@cache
def _definitions(minor: str) -> Any:
    return Resource.from_contents(_read(minor, "_definitions.json")) @ Registry()


def _read(minor: str, name: str) -> Any:
    return json.loads((SCHEMAS / f"v{minor}.0-local-strict" / name).read_text())
