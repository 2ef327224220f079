"""What gRPC's own logger says of the system's servers."""

import logging

import pytest

import chassis.server  # noqa: F401 - it sets the filter


def test_a_caller_that_is_gone_is_no_fault_but_a_fault_is(caplog: pytest.LogCaptureFixture) -> None:
    said = logging.getLogger("grpc._cython.cygrpc")
    said.error("ExecuteBatchError raised in core by servicer method [%s]", "/catalog/List")
    said.error("Unexpected [ValueError] raised by servicer method [%s]", "/catalog/List")
    assert [record.getMessage() for record in caplog.records] == [
        "Unexpected [ValueError] raised by servicer method [/catalog/List]"
    ]
