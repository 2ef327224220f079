"""A listener finds a new track, streams it, plays and likes it; the creator sees every bit of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.people import Person, Stage, ok, refused
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]


def test_a_play_shows_in_every_figure(stage: Stage, artist: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0), title="Nightdrive")
    fans = [stage.person("fan") for _ in range(3)]
    for n, fan in enumerate(fans):
        for _ in range(n + 1):
            fan.play(track["id"], 6, device="Chrome Browser")
        ok(fan.post(f"/tracks/{track['id']}/like"))
    insights = f"/api/v1/producer-intelligence/insights/tracks/{track['number']}"

    def all_counted() -> bool:
        return bool(ok(artist.get(f"/tracks/{track['id']}/stats"))["stats"]["total_plays"] == 6)

    eventually(all_counted)
    stats = ok(artist.get(f"/tracks/{track['id']}/stats"))["stats"]
    assert stats == {"total_plays": 6, "unique_listeners": 3, "average_duration": 6.0, "completion_rate": 100.0}
    dashboard = ok(artist.get(f"/analytics/tracks/{track['id']}"))["dashboard"]
    assert dashboard["stats"] == stats
    assert [day["count"] for day in dashboard["plays_over_time"]] == [0] * 29 + [6]
    figures = ok(artist.get(insights))
    assert figures["plays"] == {"total": 6, "period": 6}
    assert figures["listeners"] == {"total": 3, "unique": 3}
    eventually(lambda: ok(artist.get(insights))["engagement"]["likes"] == 3)
    charts = ok(artist.get(f"{insights}/charts?timeframe=7d"))
    assert charts["totals"]["plays"] == sum(point["plays"] for point in charts["points"]) == 6
    assert charts["devices"] == [{"device": "Chrome Browser", "plays": 6, "share": 100.0}]
    realtime = ok(artist.get(f"{insights}/realtime"))
    assert realtime["plays"] == {"last_hour": 6, "last_24_hours": 6}
    assert realtime["active_listeners"] == 3
    eventually(lambda: artist.track(track["id"])["play_count"] == 6)
    eventually(lambda: artist.track(track["id"])["like_count"] == 3)


def test_who_listened_is_told_with_names_and_ranks(stage: Stage, artist: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    fans = [stage.person("fan") for _ in range(3)]
    for n, fan in enumerate(fans):
        for _ in range(n + 1):
            body = {"track_id": track["id"].replace("-", ""), "user_id": fan.id}
            ok(fan.post("/streams/v1/audience", json=body), 201)
    me = fans[0]
    ok(me.post(f"/users/{fans[2].id}/follow"))
    audience = f"/streams/v1/audience-track/{track['id']}?main_user_id={me.id}"
    eventually(lambda: ok(me.get(audience))["total_streams"] == 6)
    data = ok(me.get(audience))
    assert data["unique_listeners"] == data["pagination"]["total"] == 3
    by_name = {entry["username"]: entry for entry in data["audience"]}
    assert {name: entry["streams"] for name, entry in by_name.items()} == {
        fan.user["username"]: n + 1 for n, fan in enumerate(fans)
    }
    assert [entry["is_following"] for entry in by_name.values()].count(True) == 1
    assert by_name[fans[2].user["username"]]["is_following"]
    assert data["main_user"] == {"streams": 1, "rank": 3}
    top = ok(me.get(f"/streams/v1/top-audience/{track['id']}"))["top_audience"]
    assert [(entry["rank"], entry["user_id"]) for entry in top] == [(1, fans[2].id), (2, fans[1].id), (3, fans[0].id)]
    artists = ok(me.get(f"/streams/v1/artist-audience/{artist.id}"))
    assert (artists["total_streams"], artists["unique_listeners"]) == (6, 3)
    assert artists["tracks"] == [{"track_id": track["id"].replace("-", ""), "title": track["title"], "streams": 6}]


def test_a_stream_counts_when_it_starts_at_the_first_byte(stage: Stage, artist: Person, tune: Tune) -> None:
    track = artist.release(tune("wav", 6.0))
    hashid = discovery_id(stage, track["number"])
    path = f"/v1/tracks/{hashid}/stream"
    whole = stage.http.get(path)
    assert (whole.status_code, whole.headers["content-type"], whole.headers["accept-ranges"]) == (
        200,
        "audio/mpeg",
        "bytes",
    )
    part = stage.http.get(path, headers={"Range": "bytes=0-1999"})
    assert (part.status_code, part.content) == (206, whole.content[:2000])
    for uncounted in ({"Range": "bytes=100-199"}, {"Range": "bytes=0-1"}, {"Range": f"bytes={len(whole.content)}-"}):
        assert stage.http.get(path, headers=uncounted).status_code in (206, 416)
    assert stage.http.head(path).headers["content-length"] == str(len(whole.content))
    assert stage.http.get(path, params={"skip_play_count": "true"}).status_code == 200
    eventually(lambda: ok(artist.get(f"/tracks/{track['id']}/stats"))["stats"]["total_plays"] == 2)


def test_a_repeated_key_is_one_play(artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: listener.play(track["id"], 3, key="one-evening"), range(8)))
    assert len(ids) == 1
    other = listener.post(
        f"/tracks/{track['id']}/play", json={"duration": 4}, headers={"Idempotency-Key": "one-evening"}
    )
    refused(other, 422, "IDEMPOTENCY_KEY_REUSED")
    listener.play(track["id"], 3)
    eventually(lambda: ok(artist.get(f"/tracks/{track['id']}/stats"))["stats"]["total_plays"] == 2)


def test_liking_is_a_state(artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    path = f"/tracks/{track['id']}"
    for _ in range(2):
        assert ok(listener.post(f"{path}/like")) == {"message": "Track liked"}
    likes = ok(listener.get(f"{path}/likes"))
    assert [(like["user_id"], like["username"]) for like in likes["likes"]] == [
        (listener.id, listener.user["username"])
    ]
    assert likes["total"] == 1
    eventually(lambda: artist.track(track["id"])["like_count"] == 1)
    for _ in range(2):
        assert ok(listener.delete(f"{path}/like")) == {"message": "Track unliked"}
    assert ok(listener.get(f"{path}/likes"))["total"] == 0
    eventually(lambda: artist.track(track["id"])["like_count"] == 0)


def discovery_id(stage: Stage, number: int) -> str:
    """The hashid by which the discovery contract names this number."""
    from hashids import Hashids

    return str(Hashids("azowernasdfoia", min_length=5).encode(number))
