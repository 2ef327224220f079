"""Whether an answer is what its contract's document says."""

from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from gateway import documents


def assert_documented(contract: str, operation_id: str, answer: httpx.Response) -> None:
    """Fails when the status is not listed, a header is missing or the body is of another shape."""
    response = _response(contract, operation_id, str(answer.status_code))
    for name, header in response.get("headers", {}).items():
        if _real(contract, header).get("required"):
            assert name in answer.headers, f"{operation_id} {answer.status_code}: no {name}"
    for schema in _schemas(contract, operation_id, str(answer.status_code)):
        found = [f"{'/'.join(map(str, e.instance_path))}: {e.message}" for e in schema.iter_errors(answer.json())]
        assert not found, f"{operation_id} {answer.status_code}: {found}"


@cache
def _schemas(contract: str, operation_id: str, status: str) -> list[Any]:
    content = _response(contract, operation_id, status).get("content", {})
    if "application/json" not in content:
        return []
    whole = content["application/json"]["schema"] | {"components": documents.load(contract)["components"]}
    return [jsonschema_rs.Draft202012Validator(whole, validate_formats=True)]


def _response(contract: str, operation_id: str, status: str) -> dict[str, Any]:
    responses = _operation(contract, operation_id)["responses"]
    assert status in responses, f"{operation_id} does not list {status}"
    return _real(contract, responses[status])


def _operation(contract: str, operation_id: str) -> dict[str, Any]:
    for item in documents.load(contract)["paths"].values():
        for spec in item.values():
            if isinstance(spec, dict) and spec.get("operationId") == operation_id:
                return spec
    raise AssertionError(f"{contract} has no operation {operation_id}")


def _real(contract: str, node: dict[str, Any]) -> dict[str, Any]:
    """`node`, or what its $ref points at."""
    if "$ref" not in node:
        return node
    found: Any = documents.load(contract)
    for part in node["$ref"][2:].split("/"):
        found = found[part]
    return _real(contract, found)
