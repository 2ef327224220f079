"""Postgres holds what is derived and shown: without it a write is not begun; without MongoDB it is shown still."""

import asyncio
from contextlib import AsyncExitStack
from time import monotonic

import pytest
from pymongo.uri_parser import parse_uri

from chassis import ids
from chassis.errors import NotFound, Unavailable
from chassis.ids import Ref
from chassis.mongo import Mongo, Session
from chassis.pages import Page
from chassis.principal import Principal
from services.catalog import wiring
from services.catalog.tracks.form import Form
from services.catalog.tracks.rpc import track
from services.catalog.tracks.track import Filters, Order, View, Wanted
from tests.integration.catalog.system import System
from tests.support.proxy import Proxy
from tests.support.servers import Servers

NOBODY_LISTENS = "127.0.0.1:1"


async def test_without_postgres_nothing_is_half_changed(system: System) -> None:
    artist = system.user()
    track = await system.release(artist, title="Before")
    id = ids.parse(track.id)
    async with AsyncExitStack() as stack:
        away = system.settings.model_copy(update={"database_url": f"postgresql://nobody@{NOBODY_LISTENS}/catalog"})
        tracks = wiring.parts(away, stack).tracks
        with pytest.raises(Unavailable):
            await tracks.get(Wanted(Ref(id=id), artist))
        with pytest.raises(Unavailable):
            await tracks.change(artist, id, ["title"], Form(title="After"))
        with pytest.raises(Unavailable):
            await tracks.remove(artist, id)
    assert (await system.get(track)).title == "Before"
    assert await system.list_titles() == ["Before"]


@pytest.mark.parametrize("is_removed", [False, True])
async def test_what_is_done_is_no_longer_shown(
    system: System, monkeypatch: pytest.MonkeyPatch, *, is_removed: bool
) -> None:
    """Postgres goes away between the change and its row: whoever changed it is not told that it is done."""
    artist = system.user()
    track = await system.release(artist, title="Before")
    id = ids.parse(track.id)

    async def change() -> None:
        if is_removed:
            await system.parts.tracks.remove(artist, id)
        else:
            await system.parts.tracks.change(artist, id, ["is_public"], Form(is_public=False))

    async def away(_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(system.parts.listings, "write_tracks", away)
        with pytest.raises(Unavailable):
            await change()
    assert await system.list_titles() == ["Before"]
    if is_removed:  # the second time it is gone, and its row goes with its event
        with pytest.raises(NotFound):
            await change()
        await system.parts.listings.refresh_tracks([id])
    else:
        await change()
    assert await system.list_titles() == []
    with pytest.raises(NotFound):
        await system.get(track, public_only=True)


async def test_without_mongodb_what_everyone_may_see_is_shown(system: System) -> None:
    artist: Principal = system.user()
    shown, hidden = await system.release(artist, title="Shown"), await system.release(artist, is_public=False)
    async with AsyncExitStack() as stack:
        away = system.settings.model_copy(update={"mongodb_url": f"mongodb://{NOBODY_LISTENS}/?directConnection=true"})
        parts = wiring.parts(away, stack)
        for ref in (Ref(number=shown.number), Ref(id=ids.parse(shown.id))):
            assert track(await parts.tracks.get(Wanted(ref, artist))).title == "Shown"
        views, total = await parts.tracks.list_tracks(artist, Filters(), Order(), Page.of(0, 10), public_only=True)
        assert ([view.number for view in views], total) == ([shown.number], 1)
        with pytest.raises(Unavailable):
            await parts.tracks.get(Wanted(Ref(number=hidden.number), artist))
        both = [Wanted(Ref(number=track.number), artist) for track in (hidden, shown)]
        refused, view = await parts.tracks.get_batch(both)
        assert isinstance(refused, Unavailable)
        assert isinstance(view, View)
        with pytest.raises(Unavailable):
            await parts.tracks.show(artist, [ids.parse(shown.id), ids.parse(hidden.id)], public_only=False)
        with pytest.raises(Unavailable):
            await parts.tracks.remove(artist, ids.new_id())


async def test_while_mongodb_hangs_the_event_loop_goes_on(backing: Servers) -> None:
    """A transaction is aborted at the server. When that was cancelled too, motor repeated it on the event loop."""
    target = parse_uri(backing.mongodb_url)["nodelist"][0]
    with Proxy(target) as proxy:
        mongo = Mongo(f"mongodb://{proxy.address}/?directConnection=true", "hanging")
        is_inside = asyncio.Event()

        async def work(session: Session) -> None:
            await mongo.collection("rows").insert_one({}, session=session)
            is_inside.set()
            await asyncio.Event().wait()

        running = asyncio.create_task(mongo.run(work))
        await is_inside.wait()
        with proxy.half_open():
            start = monotonic()
            for _ in ("its time is over", "its caller hung up"):
                running.cancel()
                await asyncio.sleep(0.01)
            assert monotonic() - start < 10, "the event loop waited for the socket's timeout"
        await asyncio.gather(running, return_exceptions=True)
        await mongo.close()
