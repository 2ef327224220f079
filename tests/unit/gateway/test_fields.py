from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from gateway.config import Settings
from gateway.contracts import CONTRACTS
from gateway.web.fields import RULES, UNIQUE, Moment
from gateway.web.reading import Body, Query


def _models(base: type[BaseModel]) -> list[type[BaseModel]]:
    return [found for model in base.__subclasses__() for found in (model, *_models(model))]


def _patterns(schema: Any) -> set[str]:
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    own = {schema["pattern"]} if isinstance(schema, dict) and isinstance(schema.get("pattern"), str) else set()
    return own.union(*map(_patterns, parts))


def test_every_pattern_tells_its_rule() -> None:
    for contract in CONTRACTS:
        contract(Settings())
    patterns = set().union(*(_patterns(model.model_json_schema()) for model in _models(Body) + _models(Query)))
    assert len(patterns) >= 8
    assert patterns <= RULES.keys()


@pytest.mark.parametrize("sent", ["2025-01-31T12:00:00.1234567Z", "2025-01-31t14:00:00.123456+02:00"])
def test_a_moment_is_read_in_utc(sent: str) -> None:
    assert TypeAdapter(Moment).validate_python(sent).isoformat() == "2025-01-31T12:00:00.123456+00:00"


@pytest.mark.parametrize("sent", ["", "now", "2025-01-01", "2025-01-01T00:00:00", "2025-02-30T00:00:00Z", 5])
def test_what_is_not_rfc_3339_is_no_moment(sent: object) -> None:
    with pytest.raises(ValidationError, match="RFC 3339"):
        TypeAdapter(Moment).validate_python(sent)


def test_duplicates_are_refused() -> None:
    letters = TypeAdapter(Annotated[list[str], UNIQUE])
    assert letters.validate_python(["a", "b"]) == ["a", "b"]
    with pytest.raises(ValidationError, match="must not contain duplicates"):
        letters.validate_python(["a", "b", "a"])
