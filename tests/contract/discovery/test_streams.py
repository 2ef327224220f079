"""A track's bytes with ranges, and the plays that are counted of them."""

import pytest
from soundstage.audience.v1.plays_pb2 import PlayOutcome, PlaySource, RecordPlaysResponse

from tests.contract.conftest import Public
from tests.contract.discovery.conftest import keep
from tests.contract.discovery.examples import AUDIO, RECORD, TRACK
from tests.contract.documented import assert_documented

PATH = "/v1/tracks/D7KyD/stream"
SIZE = len(AUDIO)
UNREADABLE = ("bytes=-", "bytes=a-b", "bytes=", "bytes=1")


def plays(discovery: Public) -> int:
    return sum(len(request.items) for request in discovery.services.asked(RECORD))


async def test_the_whole_file_and_one_play(discovery: Public) -> None:
    answer = await discovery.http.get(PATH)
    assert (answer.status_code, answer.content) == (200, AUDIO)
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["etag"].startswith('"')
    [request] = discovery.services.asked(RECORD)
    [item] = request.items
    assert (item.track_id, item.source, item.user_id) == (TRACK.id, PlaySource.PLAY_SOURCE_DISCOVERY, "")
    assert not item.HasField("seconds")


@pytest.mark.parametrize(
    ("header", "first", "last", "counted"),
    [
        ("bytes=0-1", 0, 1, 0),
        ("bytes=0-998", 0, 998, 0),
        ("bytes=0-999", 0, 999, 1),
        (f"bytes=0-{'9' * 23}", 0, SIZE - 1, 1),
        ("bytes=0-", 0, SIZE - 1, 1),
        ("bytes=100-199", 100, 199, 0),
        ("bytes=100-", 100, SIZE - 1, 0),
        ("bytes=-100", SIZE - 100, SIZE - 1, 0),
        (f"bytes=-{SIZE}", 0, SIZE - 1, 1),
        ("bytes=-99999999", 0, SIZE - 1, 1),
        ("bytes=100-99999999", 100, SIZE - 1, 0),
        ("Bytes = 1 - 2", 1, 2, 0),
    ],
)
async def test_a_part(discovery: Public, header: str, first: int, last: int, counted: int) -> None:
    answer = await discovery.http.get(PATH, headers={"Range": header})
    assert (answer.status_code, answer.content) == (206, AUDIO[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert plays(discovery) == counted
    head = await discovery.http.head(PATH, headers={"Range": header})
    assert (head.status_code, head.content) == (206, b"")
    for name in ("content-range", "content-length", "content-type", "etag", "accept-ranges"):
        assert head.headers[name] == answer.headers[name]
    assert plays(discovery) == counted


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", "bytes=99999999-", "bytes=5-4", "bytes=-0", *UNREADABLE])
async def test_a_range_that_cannot_be_satisfied(discovery: Public, header: str) -> None:
    for method in ("GET", "HEAD"):
        answer = await discovery.http.request(method, PATH, headers={"Range": header})
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{SIZE}")
    assert_documented("discovery", "streamTrack", await discovery.http.get(PATH, headers={"Range": header}))
    assert not plays(discovery)


SEVERAL = ("bytes=0-1,5-6", "bytes=0-9,5-14", "bytes=9-5,0-1", "bytes=" + ",".join(["0-1"] * 1000))


@pytest.mark.parametrize("header", [*SEVERAL, "seconds=1-2", "nonsense"])
async def test_a_range_that_is_ignored_counts_as_none(discovery: Public, header: str) -> None:
    answer = await discovery.http.get(PATH, headers={"Range": header})
    assert (answer.status_code, answer.content) == (200, AUDIO)
    assert plays(discovery) == 1


async def test_a_part_of_another_file_is_the_whole_file(discovery: Public) -> None:
    etag = (await discovery.http.head(PATH)).headers["etag"]
    for method in ("GET", "HEAD"):
        for tag, status in ((etag, 206), ('"other"', 200)):
            headers = {"Range": "bytes=5-9", "If-Range": tag}
            assert (await discovery.http.request(method, PATH, headers=headers)).status_code == status
    assert plays(discovery) == 1


async def test_what_counts_nothing(discovery: Public) -> None:
    assert (await discovery.http.head(PATH)).headers["content-length"] == str(SIZE)
    for value in ("true", "TRUE"):
        assert (await discovery.http.get(PATH, params={"skip_play_count": value})).content == AUDIO
    answer = await discovery.http.get(PATH, params={"no_redirect": "true"})
    assert answer.json() == {"data": "http://music.test/v1/tracks/D7KyD/stream"}
    assert_documented("discovery", "streamTrack", answer)
    assert not plays(discovery)
    assert (await discovery.http.get(answer.json()["data"], params={"skip_play_count": "false"})).content == AUDIO
    assert plays(discovery) == 1


@pytest.mark.parametrize("parameter", ["skip_play_count", "no_redirect"])
@pytest.mark.parametrize("value", ["", "1", "yes"])
async def test_a_parameter_of_another_type(discovery: Public, parameter: str, value: str) -> None:
    answer = await discovery.http.get(PATH, params={parameter: value})
    assert answer.status_code == 400
    assert answer.json() == {
        "message": "Input payload validation failed",
        "errors": {parameter: f"The value '{value}' is not true or false."},
    }
    assert_documented("discovery", "streamTrack", answer)


async def test_no_play_no_bytes(discovery: Public) -> None:
    """What a client receives is counted: while audience is down it is 503, and nothing of the file is sent."""
    discovery.services.down(RECORD)
    answer = await discovery.http.get(PATH)
    assert answer.status_code == 503
    assert AUDIO[:64] not in answer.content
    assert (await discovery.http.get(PATH, headers={"Range": "bytes=9-"})).status_code == 206


@pytest.mark.parametrize("refused", ["NOT_FOUND", "FORBIDDEN", "CONFLICT"])
async def test_a_track_that_has_just_gone_private(discovery: Public, refused: str) -> None:
    discovery.services.on(
        RECORD, lambda request: RecordPlaysResponse(outcomes=[PlayOutcome(refused=refused) for _ in request.items])
    )
    answer = await discovery.http.get(PATH)
    assert (answer.status_code, list(answer.json())) == (404, ["message"])


async def test_a_file_that_is_gone(discovery: Public) -> None:
    (discovery.storage / TRACK.progressive_object).unlink()
    for method in ("GET", "HEAD"):
        assert (await discovery.http.request(method, PATH)).status_code == 404
    assert not plays(discovery)


async def test_a_file_that_does_not_fit_into_memory_at_once(discovery: Public) -> None:
    whole = bytes(range(251)) * 20_000
    keep(discovery, TRACK.progressive_object, whole)
    answer = await discovery.http.get(PATH)
    assert answer.content == whole
    part = await discovery.http.get(PATH, headers={"Range": "bytes=7-3000006"})
    assert part.content == whole[7:3000007]
