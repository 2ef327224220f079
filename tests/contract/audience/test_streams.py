"""POST /audience: who may report what, how often, and what a repeat answers."""

from typing import Any
from uuid import UUID

import pytest
from soundstage.audience.v1.plays_pb2 import PlayOutcome, PlaySource, RecordPlaysRequest, RecordPlaysResponse

from chassis import principal
from chassis.ids import new_id
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented

URL = "/streams/v1/audience"
RECORD = "audience.v1.PlaysService/RecordPlays"
TRACK = "365b278c258a7bdbb7a1b95be41a37b9"
USER = "6a833be7-c434-4fc0-9144-01899eeac486"
BODY = {"track_id": TRACK, "user_id": USER}


def keep(request: RecordPlaysRequest) -> RecordPlaysResponse:
    outcomes = [PlayOutcome(id=item.id) for item in request.items]
    for outcome in outcomes:
        outcome.recorded_at.FromJsonString("2026-01-15T10:30:00.123Z")
    return RecordPlaysResponse(outcomes=outcomes)


async def test_a_stream_without_a_token_is_kept(public: Public) -> None:
    public.services.on(RECORD, keep)
    answer = await public.http.post(URL, json=BODY)
    assert answer.status_code == 201
    assert_documented("audience", "createAudience", answer)
    [item] = public.services.asked(RECORD)[0].items
    data = {"id": item.id, **BODY, "recorded_at": "2026-01-15T10:30:00.123Z"}
    assert answer.json() == {"success": True, "data": data}
    assert (item.track_id, item.user_id) == (str(UUID(TRACK)), USER)
    assert principal.decode(item.principal).is_anonymous
    assert item.source == PlaySource.PLAY_SOURCE_AUDIENCE
    assert not item.HasField("seconds") and not item.idempotency_key and not item.fingerprint


async def test_with_a_token_the_caller_goes_along(public: Public) -> None:
    public.services.on(RECORD, keep)
    body = {"track_id": str(UUID(TRACK)).upper(), "user_id": UUID(USER).hex.upper()}
    answer = await public.http.post(URL, json=body, headers=public.bearer(sub=USER))
    assert_documented("audience", "createAudience", answer)
    assert (answer.json()["data"]["track_id"], answer.json()["data"]["user_id"]) == (TRACK, USER)
    [item] = public.services.asked(RECORD)[0].items
    assert str(principal.decode(item.principal).account_id) == USER


async def test_a_bad_token_is_never_taken_for_none(public: Public) -> None:
    public.services.on(RECORD, keep)
    for headers in ({"Authorization": "Bearer x"}, public.bearer(exp=1), public.bearer("client")):
        answer = await public.http.post(URL, json=BODY, headers=headers)
        assert answer.status_code == 401
        assert_documented("audience", "createAudience", answer)
    assert public.services.asked(RECORD) == []


async def test_a_key_goes_along_with_what_it_was_used_for(public: Public) -> None:
    public.services.on(RECORD, keep)
    spelled = {"track_id": str(UUID(TRACK)), "user_id": UUID(USER).hex}
    other = {"track_id": str(new_id()), "user_id": USER}
    for body in (BODY, spelled, other):
        assert (await public.http.post(URL, json=body, headers={"Idempotency-Key": "k"})).status_code == 201
    items = [call.items[0] for call in public.services.asked(RECORD)]
    assert {item.idempotency_key for item in items} == {"k"}
    first, again, another = (item.fingerprint for item in items)
    assert first == again != another and len(first) == 32


@pytest.mark.parametrize(
    ("refused", "status", "code"),
    [
        ("NOT_FOUND", 404, "NOT_FOUND"),
        ("CONFLICT", 404, "NOT_FOUND"),
        ("FORBIDDEN", 403, "FORBIDDEN"),
        ("IDEMPOTENCY_KEY_REUSED", 422, "IDEMPOTENCY_KEY_REUSED"),
        ("IDEMPOTENCY_IN_FLIGHT", 409, "IDEMPOTENCY_IN_FLIGHT"),
        ("UNAVAILABLE", 503, "SERVICE_UNAVAILABLE"),
    ],
)
async def test_a_refused_stream_says_why(public: Public, refused: str, status: int, code: str) -> None:
    public.services.on(RECORD, RecordPlaysResponse(outcomes=[PlayOutcome(refused=refused)]))
    answer = await public.http.post(URL, json=BODY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert_documented("audience", "createAudience", answer)


async def test_audience_away_is_503_with_a_time_to_wait(public: Public) -> None:
    public.services.down(RECORD)
    answer = await public.http.post(URL, json=BODY)
    assert answer.status_code == 503
    assert_documented("audience", "createAudience", answer)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["track_id", "user_id"]),
        ([], [""]),
        ({"track_id": TRACK[:-1], "user_id": USER}, ["track_id"]),
        ({"track_id": TRACK, "user_id": f"{{{USER}}}"}, ["user_id"]),
        ({"track_id": 5, "user_id": None}, ["track_id", "user_id"]),
        ({"track_id": TRACK, "user_id": "\x00" * 32}, ["user_id"]),
        ({**BODY, "seconds": 5}, ["seconds"]),
    ],
)
async def test_wrong_fields_are_422_and_named(public: Public, body: Any, fields: list[str]) -> None:
    answer = await public.http.post(URL, json=body)
    assert answer.status_code == 422
    assert_documented("audience", "createAudience", answer)
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == fields
    assert public.services.asked(RECORD) == []


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"[" * 10_000, {}, 400),
        (b'{"a": NaN}', {}, 400),
        (b"x" * (1024 * 1024 + 1), {}, 413),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Idempotency-Key": ""}, 400),
        (b"{}", {"Idempotency-Key": "a b"}, 400),
        (b"{}", {"Idempotency-Key": "a" * 256}, 400),
    ],
)
async def test_what_cannot_be_read_at_all(public: Public, content: bytes, headers: dict[str, str], status: int) -> None:
    answer = await public.http.post(URL, content=content, headers={"Content-Type": "application/json"} | headers)
    assert answer.status_code == status
    assert_documented("audience", "createAudience", answer)


async def test_reports_without_a_token_are_limited_by_address(public: Public, still_limits: None) -> None:
    public.services.on(RECORD, keep)
    answers = [await _report(public, str(new_id())) for _ in range(101)]
    assert [answer.status_code for answer in answers[-2:]] == [201, 429]
    assert_documented("audience", "createAudience", answers[-1])
    assert len(public.services.asked(RECORD)) == 100
    with_token = await public.http.post(URL, json=BODY, headers=public.bearer(sub=USER))
    assert with_token.status_code == 201


async def test_reports_without_a_token_are_limited_by_user_and_track(public: Public, still_limits: None) -> None:
    public.services.on(RECORD, keep)
    spellings = (USER, UUID(USER).hex, USER.upper())
    statuses = [(await _report(public, spellings[n % 3])).status_code for n in range(31)]
    assert statuses == [201] * 30 + [429]
    assert (await _report(public, str(new_id()))).status_code == 201
    for _ in range(40):
        answer = await public.http.post(URL, json=BODY, headers=public.bearer(sub=USER))
        assert answer.status_code == 201


async def _report(public: Public, user_id: str) -> Any:
    return await public.http.post(URL, json={"track_id": TRACK, "user_id": user_id})
