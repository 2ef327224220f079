"""What a play is cut to, when it happened, and which items are malformed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, Kind, Principal
from services.audience.plays.play import Item, cut, occurred_at

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
USER = Principal(Kind.USER, account_id=new_id())


def id_made_at(moment: datetime) -> UUID:
    """A UUIDv7 of that time (RFC 9562, 5.7)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | 1)


def item(**changes: object) -> Item:
    values: dict[str, object] = {
        "id": new_id(), "caller": USER, "track_id": new_id(), "user_id": USER.account_id, "seconds": 1, "device": None,
        "source": 1, "key": None, "fingerprint": None, "traceparent": "",
    }  # fmt: skip
    return Item(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "duration_ms", "heard"),
    [(None, 1000, None), (0, 1000, 0), (90, 200_000, 90), (200, 200_000, 200), (201, 200_000, 200), (10, 9_400, 10)],
)
def test_seconds_are_cut_at_the_tracks_length(seconds: int | None, duration_ms: int, heard: int | None) -> None:
    assert cut(seconds, duration_ms) == heard


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (timedelta(), timedelta()),
        (timedelta(hours=-23), timedelta(hours=-23)),
        (timedelta(hours=-25), timedelta(hours=-24)),
        (timedelta(minutes=4), timedelta(minutes=4)),
        (timedelta(minutes=6), timedelta(minutes=5)),
        (timedelta(days=-20_000), timedelta(hours=-24)),
    ],
)
def test_a_play_happened_when_its_id_was_made_within_bounds(made: timedelta, told: timedelta) -> None:
    assert occurred_at(id_made_at(NOW + made), NOW) == NOW + told


@given(st.uuids())
def test_any_id_gives_a_time_within_bounds(id: UUID) -> None:
    assert NOW - timedelta(hours=24) <= occurred_at(id, NOW) <= NOW + timedelta(minutes=5)


def test_an_id_without_a_time_happened_when_it_arrived() -> None:
    assert occurred_at(uuid4(), NOW) == NOW
    assert occurred_at(UUID(int=(2**48 - 1) << 80 | 7 << 76 | 2 << 62), NOW) == NOW + timedelta(minutes=5)


def test_who_reports_for_whom() -> None:
    assert item().is_authenticated
    assert not item(caller=ANONYMOUS).is_authenticated
    assert not item(caller=ANONYMOUS).is_for_another
    assert not item(user_id=None).is_for_another
    assert item(user_id=new_id()).is_for_another


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": -1},
        {"device": "\0"},
        {"device": "x" * 256},
        {"key": "\0"},
        {"source": 0},
        {"fingerprint": b"x" * 65},
    ],
    ids=str,
)
def test_malformed_items(change: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        item(**change)
