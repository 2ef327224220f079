"""One trace leads from the REST call over gRPC, the outbox and Kafka into the insights transaction."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.people import Person, ok
from tests.support.traces import Collector
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes


def test_a_play_is_one_trace_to_its_end(
    traces: Collector, artist: Person, listener: Person, tune: Callable[[str, float], Path]
) -> None:
    track = artist.release(tune("mp3", 6.0))
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    ok(listener.post(f"/tracks/{track['id']}/play", json={"duration": 3}, headers=headers))

    def whole() -> bool:
        return {span.service for span in traces.of(trace_id)} >= {"gateway", "audience", "insights"}

    eventually(whole)
    assert {"recordPlay", "consume soundstage.plays.v1"} <= {span.name for span in traces.of(trace_id)}
