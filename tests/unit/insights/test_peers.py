"""What arrives as protobuf: read exactly, or Invalid, which sets it aside."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from soundstage.audience.v1 import plays_pb2 as pb

from chassis.clock import timestamp
from chassis.errors import Invalid
from chassis.ids import new_id
from services.insights import peers, wire


def recorded(**changes: object) -> pb.PlayRecorded:
    message = pb.PlayRecorded(
        id=str(new_id()),
        track_id=str(new_id()),
        duration_ms=200_000,
        source=pb.PLAY_SOURCE_AUDIENCE,
        occurred_at=Timestamp(seconds=1_767_225_600),
        received_at=Timestamp(seconds=1_767_225_601),
    )
    for name, value in changes.items():
        setattr(message, name, value)
    return message


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 31), timezones=st.just(UTC)))
def test_moments_are_read_to_the_microsecond(moment: datetime) -> None:
    assert wire.moment(timestamp(moment)) == moment


@pytest.mark.parametrize(
    "changes",
    [{"id": "x"}, {"id": ""}, {"track_id": "1234"}, {"user_id": "nobody"}, {"seconds": -1}],
    ids=str,
)
def test_what_can_never_be_counted_is_invalid(changes: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        peers.play_of(recorded(**changes), counts_unauthenticated=True)


@pytest.mark.parametrize("moment", [Timestamp(), Timestamp(seconds=2**62), Timestamp(seconds=-(2**62))])
def test_a_moment_that_is_no_date_is_invalid(moment: Timestamp) -> None:
    message = recorded()
    message.received_at.CopyFrom(moment)
    with pytest.raises(Invalid):
        peers.play_of(message, counts_unauthenticated=True)


@pytest.mark.parametrize(
    ("source", "is_authenticated", "counts_unauthenticated", "is_counted"),
    [
        (pb.PLAY_SOURCE_AUDIENCE, False, True, True),
        (pb.PLAY_SOURCE_AUDIENCE, False, False, False),
        (pb.PLAY_SOURCE_AUDIENCE, True, False, True),
        (pb.PLAY_SOURCE_DISCOVERY, False, False, True),
        (pb.PLAY_SOURCE_PLATFORM, True, False, True),
    ],
)
def test_reports_without_a_token_can_be_left_out(
    source: pb.PlaySource, is_authenticated: bool, counts_unauthenticated: bool, is_counted: bool
) -> None:
    message = recorded(source=source, is_authenticated=is_authenticated)
    assert peers.play_of(message, counts_unauthenticated=counts_unauthenticated).is_counted is is_counted


def test_an_unset_duration_of_listening_is_no_zero() -> None:
    assert peers.play_of(recorded(), counts_unauthenticated=True).listening is None
    timed = peers.play_of(recorded(seconds=0), counts_unauthenticated=True).listening
    assert timed is not None and timed.is_skipped
