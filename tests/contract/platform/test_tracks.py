import asyncio

import pytest
from soundstage.audience.v1.likes_pb2 import Like, ListLikesForTrackResponse
from soundstage.audience.v1.plays_pb2 import PlayOutcome, RecordPlaysRequest, RecordPlaysResponse
from soundstage.catalog.v1.people_pb2 import GetPersonBatchResponse, Person
from soundstage.catalog.v1.search_pb2 import SearchPeopleResponse, SearchPlaylistsResponse, SearchTracksResponse
from soundstage.catalog.v1.tracks_pb2 import ChangeTrackResponse, GetTrackOutcome, ListTracksResponse, TrackSort
from soundstage.insights.v1.figures_pb2 import DayPoint, GetChartsResponse, GetStatsResponse, Stats
from soundstage.streaming.v1.recordings_pb2 import GetRecordingProgressResponse, RecordingState

from chassis import errors, principal
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented
from tests.contract.platform.examples import JOHN, RECORDING, TRACK, completed_track, in_batches, processing_track

GET_BATCH = "catalog.v1.TracksService/GetBatch"
RECORD = "audience.v1.PlaysService/RecordPlays"
URL = f"/api/v1/tracks/{TRACK}"


async def test_a_completed_track_can_be_played(public: Public) -> None:
    public.services.on(GET_BATCH, in_batches(GetTrackOutcome(track=completed_track())))
    answer = await public.http.get(URL)
    assert_documented("platform", "getTrack", answer)
    track = answer.json()["data"]["track"]
    hls = track.pop("hls_url")
    assert hls.startswith("http://music.test/media/f.test.") and hls.endswith(f"/recordings/{RECORDING}/main.m3u8")
    assert track.pop("waveform_url").replace("waveform.json", "main.m3u8") == hls
    assert track.pop("cover") == f"http://music.test/media/recordings/{RECORDING}/cover-1000x1000.jpg"
    assert track == {
        "id": TRACK, "title": "My Track", "artist": "John Doe", "album": "My Album", "duration": 181, "format": "mp3",
        "file_size": 5242880, "genre": None, "year": 2025, "is_public": True, "like_count": 42, "play_count": 150,
        "created_at": "2025-01-01T00:00:00Z", "number": 86216, "permalink": "/johndoe/my-track-86216",
        "status": "completed", "stream_id": RECORDING, "duration_ms": 180500,
        "loudness": {"integrated_lufs": -14.2, "range_lu": 6.1, "true_peak_dbtp": None},
    }  # fmt: skip


async def test_a_track_in_processing_has_nothing_to_play(public: Public) -> None:
    public.services.on(GET_BATCH, in_batches(GetTrackOutcome(track=processing_track(duration_ms=5))))
    answer = await public.http.get(URL)
    assert_documented("platform", "getTrack", answer)
    track = answer.json()["data"]["track"]
    absent = (
        "album",
        "duration",
        "genre",
        "year",
        "cover",
        "stream_id",
        "hls_url",
        "waveform_url",
        "loudness",
        "duration_ms",
    )
    assert {name: track[name] for name in absent} == dict.fromkeys(absent)


@pytest.mark.parametrize(("reason", "status"), [("NOT_FOUND", 404), ("FORBIDDEN", 403)])
async def test_a_track_refused_in_its_group(public: Public, reason: str, status: int) -> None:
    public.services.on(GET_BATCH, in_batches(GetTrackOutcome(refused=reason)))
    answer = await public.http.get(URL)
    assert answer.status_code == status
    assert_documented("platform", "getTrack", answer)


async def test_many_at_once_are_asked_for_together_and_each_by_itself(public: Public) -> None:
    public.services.on(GET_BATCH, in_batches(GetTrackOutcome(track=completed_track())))
    mine = public.bearer(sub=JOHN)
    answers = await asyncio.gather(*(public.http.get(URL, headers=mine if n % 2 else {}) for n in range(20)))
    assert {a.status_code for a in answers} == {200}
    asked = public.services.asked(GET_BATCH)
    assert len(asked) < 20
    callers = {principal.decode(item.principal).account_id for call in asked for item in call.items}
    assert {str(caller) for caller in callers} == {JOHN, "None"}


async def test_catalog_away_is_503_and_a_retry_after(public: Public) -> None:
    public.services.down(GET_BATCH)
    answer = await public.http.get(URL)
    assert answer.status_code == 503
    assert_documented("platform", "getTrack", answer)
    assert answer.json()["error"] == {
        "code": "SERVICE_UNAVAILABLE", "message": "Try again in a moment", "details": [],
    }  # fmt: skip


async def test_a_play_is_recorded_for_its_caller(public: Public) -> None:
    def kept(request: RecordPlaysRequest) -> RecordPlaysResponse:
        return RecordPlaysResponse(outcomes=[PlayOutcome(id=item.id) for item in request.items])

    public.services.on(RECORD, kept)
    body = {"duration": 120, "device": "Chrome Browser"}
    headers = public.bearer(sub=JOHN) | {"Idempotency-Key": "k-1"}
    answer = await public.http.post(f"{URL}/play", json=body, headers=headers)
    assert_documented("platform", "recordPlay", answer)
    [item] = public.services.asked(RECORD)[0].items
    assert answer.json()["data"] == {"message": "Play event recorded", "id": item.id}
    assert (item.track_id, item.user_id, item.seconds, item.device) == (TRACK, JOHN, 120, "Chrome Browser")
    assert item.idempotency_key == "k-1" and len(item.fingerprint) == 32
    assert str(principal.decode(item.principal).account_id) == JOHN


@pytest.mark.parametrize(
    ("refused", "status", "code"),
    [
        ("NOT_FOUND", 404, "NOT_FOUND"),
        ("FORBIDDEN", 403, "FORBIDDEN"),
        ("CONFLICT", 409, "CONFLICT"),
        ("IDEMPOTENCY_KEY_REUSED", 422, "IDEMPOTENCY_KEY_REUSED"),
        ("UNAVAILABLE", 503, "SERVICE_UNAVAILABLE"),
    ],
)
async def test_a_refused_play_says_why(public: Public, refused: str, status: int, code: str) -> None:
    public.services.on(RECORD, RecordPlaysResponse(outcomes=[PlayOutcome(refused=refused)]))
    answer = await public.http.post(f"{URL}/play", json={"duration": 1}, headers=public.bearer())
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert_documented("platform", "recordPlay", answer)


@pytest.mark.parametrize(
    "body",
    [{}, {"duration": -1}, {"duration": 86401}, {"duration": True}, {"duration": "5"}, {"duration": 1.5},
     {"duration": 1, "user_id": JOHN}, {"duration": 1, "device": "a\nb"}, []],
)  # fmt: skip
async def test_a_wrong_play_is_422_and_asks_nobody(public: Public, body: object) -> None:
    answer = await public.http.post(f"{URL}/play", json=body, headers=public.bearer())
    assert answer.status_code == 422
    assert_documented("platform", "recordPlay", answer)
    assert public.services.asked(RECORD) == []


async def test_lists_page_and_filter(public: Public) -> None:
    public.services.on("catalog.v1.TracksService/List", ListTracksResponse(tracks=[completed_track()], total=41))
    answer = await public.http.get(
        "/api/v1/tracks", params={"page": 3, "limit": 20, "user_id": JOHN, "sort_by": "popularity", "sort_order": "asc"}
    )
    assert_documented("platform", "listTracks", answer)
    assert answer.json()["data"]["pagination"] == {"page": 3, "limit": 20, "total": 41, "total_pages": 3}
    [asked] = public.services.asked("catalog.v1.TracksService/List")
    assert (asked.page.offset, asked.owner.id, asked.ascending) == (40, JOHN, True)
    assert asked.sort == TrackSort.TRACK_SORT_POPULARITY and not asked.HasField("genre")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("page=0", "page must be between 1 and 100000"),
        ("limit=101", "limit must be between 1 and 100"),
        ("limit=1e9", "limit must be an integer"),
        ("user_id=5", "user_id must be a UUID"),
        ("sort_by=plays", "sort_by must be one of 'created_at', 'title' or 'popularity'"),
        ("format=exe", "format must be one of 'mp3', 'flac', 'wav', 'ogg' or 'm4a'"),
        ("genre=%00", "genre must not contain control characters"),
        ("genre=%FF", "The query string is malformed"),
    ],
)
async def test_a_bad_parameter_is_400(public: Public, parameters: str, message: str) -> None:
    answer = await public.http.get(f"/api/v1/tracks?{parameters}")
    assert answer.status_code == 400
    assert_documented("platform", "listTracks", answer)
    assert answer.json()["error"]["message"] == message


async def test_a_search_is_not_wrapped(public: Public) -> None:
    found = SearchTracksResponse(tracks=[completed_track()], total=1)
    public.services.on("catalog.v1.SearchService/SearchTracks", found)
    answer = await public.http.get("/api/v1/tracks/search?q=my&start_date=2025-01-01T00:00:00%2B02:00&max_duration=9")
    assert_documented("platform", "searchTracks", answer)
    assert set(answer.json()) == {"tracks", "pagination"}
    [asked] = public.services.asked("catalog.v1.SearchService/SearchTracks")
    assert asked.created_from.ToJsonString() == "2024-12-31T22:00:00Z" and asked.max_duration_seconds == 9
    bad = await public.http.get("/api/v1/tracks/search?min_duration=9&max_duration=8")
    assert bad.status_code == 400


async def test_the_general_search_has_all_three_lists(public: Public) -> None:
    public.services.on(
        "catalog.v1.SearchService/SearchTracks", SearchTracksResponse(tracks=[completed_track()], total=2)
    )
    people = SearchPeopleResponse(people=[Person(id=JOHN, handle="johndoe")], total=3)
    public.services.on("catalog.v1.SearchService/SearchPeople", people)
    public.services.on("catalog.v1.SearchService/SearchPlaylists", SearchPlaylistsResponse(total=4))
    answer = await public.http.get("/api/v1/search?q=my")
    assert_documented("platform", "search", answer)
    assert answer.json()["data"]["total"] == 9
    only_users = (await public.http.get("/api/v1/search?q=my&type=users")).json()["data"]
    assert only_users["tracks"] == [] and only_users["total"] == 3


async def test_likes_carry_names_in_two_calls(public: Public) -> None:
    likes = ListLikesForTrackResponse(likes=[Like(user_id=JOHN), Like(user_id=TRACK)], total=2)
    for like in likes.likes:
        like.liked_at.FromJsonString("2025-01-01T00:00:00Z")
    public.services.on("audience.v1.LikesService/ListForTrack", likes)
    people = GetPersonBatchResponse(people=[Person(id=JOHN, number=294, handle="johndoe")])
    public.services.on("catalog.v1.PeopleService/GetBatch", people)
    answer = await public.http.get(f"{URL}/likes")
    assert_documented("platform", "listTrackLikes", answer)
    assert [like["username"] for like in answer.json()["data"]["likes"]] == ["johndoe", ""]
    assert len(public.services.calls) == 2


async def test_the_creators_numbers(public: Public) -> None:
    stats = Stats(total_plays=150, unique_listeners=45, average_seconds=165.5, completion_rate=78.5)
    points = [DayPoint(date="2024-12-31", plays=0), DayPoint(date="2025-01-01", plays=10)]
    public.services.on("insights.v1.FiguresService/GetStats", GetStatsResponse(stats=stats))
    public.services.on("insights.v1.FiguresService/GetCharts", GetChartsResponse(stats=stats, points=points))
    simple = await public.http.get(f"{URL}/stats")
    assert_documented("platform", "getTrackStats", simple)
    dashboard = await public.http.get(f"/api/v1/analytics/tracks/{TRACK}", headers=public.bearer())
    assert_documented("platform", "getTrackDashboard", dashboard)
    shown = dashboard.json()["data"]["dashboard"]
    assert shown["stats"] == simple.json()["data"]["stats"]
    assert shown["period"] == {"start_date": "2024-12-31T00:00:00Z", "end_date": "2025-01-01T00:00:00Z", "days": 2}


async def test_progress_is_100_only_when_completed(public: Public) -> None:
    public.services.on(GET_BATCH, in_batches(GetTrackOutcome(track=processing_track())))
    ready = GetRecordingProgressResponse(state=RecordingState.RECORDING_STATE_READY, percent=100)
    public.services.on("streaming.v1.RecordingsService/GetProgress", ready)
    answer = await public.http.get(f"{URL}/status", headers=public.bearer())
    assert_documented("platform", "getTrackStatus", answer)
    assert answer.json()["data"] == {"status": "processing", "progress": 99}
    public.services.refuse("streaming.v1.RecordingsService/GetProgress", errors.Forbidden())
    assert (await public.http.get(f"{URL}/status", headers=public.bearer())).status_code == 403


async def test_changing_a_track(public: Public) -> None:
    public.services.on("catalog.v1.TracksService/Change", ChangeTrackResponse(track=completed_track()))
    change = {"is_public": False, "album": "", "year": None}
    answer = await public.http.put(URL, json=change, headers=public.bearer())
    assert_documented("platform", "updateTrack", answer)
    [asked] = public.services.asked("catalog.v1.TracksService/Change")
    assert list(asked.fields) == ["album", "is_public", "year"]
    assert asked.form.HasField("is_public") and not asked.form.is_public and not asked.form.HasField("album")
    for body in ({}, {"title": " "}, {"title": None}, {"year": 999}, {"status": "completed"}):
        assert (await public.http.put(URL, json=body, headers=public.bearer())).status_code == 422
