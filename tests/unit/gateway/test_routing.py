import pytest

from chassis import errors
from chassis.principal import Kind
from gateway.config import Settings
from gateway.contract import Contract
from gateway.contracts import CONTRACTS
from gateway.web.faults import MethodNotAllowed
from gateway.web.routing import Routes

ALL = [contract(Settings()) for contract in CONTRACTS]
OPERATIONS = [operation for contract in ALL for operation in contract.operations()]
ROUTES = Routes(OPERATIONS)


@pytest.mark.parametrize("contract", ALL, ids=lambda contract: contract.name)
def test_every_declared_operation_is_routed(contract: Contract) -> None:
    """Built, or on the list that answers 501: by construction nothing of a document is simply missing."""
    methods = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    declared = sum(len(methods & item.keys()) for item in contract.document["paths"].values())
    operations = contract.operations()
    assert len(operations) == declared
    for operation in operations:
        path = operation.path.replace("{", "").replace("}", "")
        found, parameters = ROUTES.match(operation.method, path)
        assert found is not None and (found.operation_id, found.contract.name) == (
            operation.operation_id,
            contract.name,
        )
        assert list(parameters) == list(operation.parameters)
    assert {o.operation_id for o in operations if o.is_built} == set(contract.handlers)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.contract.name}.{o.operation_id}")
def test_every_operation_states_who_may_call_it(operation) -> None:  # type: ignore[no-untyped-def]
    """A token is optional or required only where the document says so, and then names a kind."""
    spec = operation.contract.document
    stated = [s for item in spec["paths"].values() for s in item.values()
              if isinstance(s, dict) and s.get("operationId") == operation.operation_id]  # fmt: skip
    security = stated[0].get("security", spec.get("security"))
    assert security is not None, "neither the operation nor its document states who may call it"
    bearer = [name for scheme in security for name in scheme if name in operation.contract.accepts]
    assert operation.kinds == {operation.contract.accepts[name] for name in bearer}
    assert operation.is_token_optional == ({} in security)
    assert Kind.SERVICE not in operation.kinds and Kind.ANONYMOUS not in operation.kinds


@pytest.mark.parametrize(
    ("method", "path", "operation_id"),
    [
        ("GET", "/api/v1/tracks/search", "searchTracks"),
        ("GET", "/api/v1/tracks/x", "getTrack"),
        ("GET", "/api/v1/tracks/quota/x", "getUploadQuota"),
        ("GET", "/api/v1/users/by-username/like", "getUserByUsername"),
        ("GET", "/api/v1/producer-intelligence/insights/tracks/5", "getTrackAnalytics"),
        ("GET", "/", "getHosts"),
    ],
)
def test_static_segments_win(method: str, path: str, operation_id: str) -> None:
    operation, _ = ROUTES.match(method, path)
    assert operation.operation_id == operation_id or path == "/"


def test_there_is_no_way_back_from_a_static_segment() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        ROUTES.match("GET", "/api/v1/tracks/initiate")
    assert refused.value.allow == "POST"
    with pytest.raises(errors.NotFound):
        ROUTES.match("POST", "/api/v1/tracks/search/like")


@pytest.mark.parametrize(
    "path", ["/api/v1/tracks/", "/api/v1//tracks", "/api/v1/tracks//like", "//", "/api/v1/tracks/x/"]
)
def test_empty_segments_name_nothing(path: str) -> None:
    with pytest.raises(errors.NotFound):
        ROUTES.match("GET", path)


def test_segments_are_decoded_one_by_one() -> None:
    _, parameters = ROUTES.match("GET", "/api/v1/users/by-username/a%2Fb%20c")
    assert parameters == {"username": "a/b c"}
