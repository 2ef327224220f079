"""Postgres holds nothing but what is derived: without it a write is begun whole or not at all."""

from contextlib import AsyncExitStack

import pytest

from chassis import ids
from chassis.errors import NotFound, Unavailable
from chassis.principal import Principal
from services.catalog import wiring
from services.catalog.people.person import Ref
from services.catalog.tracks.domain import Wanted
from services.catalog.tracks.form import Form
from tests.integration.catalog.house import House

NOBODY_LISTENS = "127.0.0.1:1"


async def test_without_postgres_nothing_is_half_changed(house: House) -> None:
    artist = house.user()
    track = await house.release(artist, title="Before")
    id = ids.parse(track.id)
    async with AsyncExitStack() as stack:
        away = house.settings.model_copy(update={"database_url": f"postgresql://nobody@{NOBODY_LISTENS}/catalog"})
        tracks = wiring.parts(away, stack).tracks
        with pytest.raises(Unavailable):
            await tracks.get(Wanted(Ref(id=id), artist))
        with pytest.raises(Unavailable):
            await tracks.change(artist, id, ["title"], Form(title="After"))
        assert (await house.get(track)).title == "Before"
        # A removal needs no answer from Postgres; its row goes with the event.
        await tracks.remove(artist, id)
    with pytest.raises(NotFound):
        await house.get(track, artist)
    assert await house.list_titles() == []


async def test_without_mongodb_the_caller_is_told_to_come_back(house: House) -> None:
    artist: Principal = house.user()
    async with AsyncExitStack() as stack:
        away = house.settings.model_copy(update={"mongodb_url": f"mongodb://{NOBODY_LISTENS}/?directConnection=true"})
        parts = wiring.parts(away, stack)
        with pytest.raises(Unavailable):
            await parts.tracks.get(Wanted(Ref(number=1), artist))
        with pytest.raises(Unavailable):
            await parts.tracks.remove(artist, ids.new_id())
