"""A playlist as a value: the orders it takes and refuses, also where a track stands in it several times."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from chassis.ids import new_id
from services.catalog.playlists import links
from services.catalog.playlists.playlist import Entry, Playlist

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRACKS = [UUID(int=number) for number in range(1, 6)]
places = st.lists(st.sampled_from(TRACKS), max_size=12)


def playlist(track_ids: list[UUID]) -> Playlist:
    entries = tuple(Entry(new_id(), track_id, NOW) for track_id in track_ids)
    return Playlist(new_id(), 1, "public", new_id(), 1, "Mix", None, True, NOW, NOW, entries)


@given(stands=places, data=st.data())
def test_any_order_of_what_stands_is_taken_and_every_entry_stays(stands: list[UUID], data: st.DataObject) -> None:
    before = playlist(stands)
    order = data.draw(st.permutations(stands))
    after = before.reordered(order, (), NOW)
    assert [entry.track_id for entry in after.entries] == order
    assert sorted(entry.id for entry in after.entries) == sorted(entry.id for entry in before.entries)
    assert after.version == before.version + 1
    for track_id in TRACKS:
        kept = [entry for entry in after.entries if entry.track_id == track_id]
        assert kept == [entry for entry in before.entries if entry.track_id == track_id]


@given(stands=places, order=places)
def test_nothing_else_is(stands: list[UUID], order: list[UUID]) -> None:
    before = playlist(stands)
    if sorted(order) == sorted(stands):
        return
    with pytest.raises(Invalid):
        before.reordered(order, (), NOW)


@given(stands=places, hidden=st.sets(st.sampled_from(TRACKS)), data=st.data())
def test_what_is_hidden_keeps_its_place(stands: list[UUID], hidden: set[UUID], data: st.DataObject) -> None:
    before = playlist(stands)
    order = data.draw(st.permutations([track_id for track_id in stands if track_id not in hidden]))
    after = before.reordered(order, hidden, NOW)
    for was, now in zip(before.entries, after.entries, strict=True):
        assert (was.track_id in hidden) == (now.track_id in hidden)
        assert was.track_id not in hidden or now == was
    assert [entry.track_id for entry in after.entries if entry.track_id not in hidden] == order


def test_a_token_comes_of_key_and_salt() -> None:
    salt, other = links.new_salt(), links.new_salt()
    assert links.token("k", salt) == links.token("k", salt)
    assert len({links.token("k", salt), links.token("", salt), links.token("k", other), links.token("", other)}) == 4
