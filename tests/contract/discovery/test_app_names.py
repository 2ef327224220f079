"""Every request to an operation of discovery is counted by the name that its app gives itself, whatever is answered."""

from collections import Counter

from soundstage.insights.v1.apps_pb2 import RecordAppsResponse

from tests.contract.conftest import Public

RECORD = "insights.v1.AppsService/Record"


async def test_requests_are_counted_whatever_their_status(public: Public) -> None:
    public.services.on(RECORD, RecordAppsResponse())
    await public.http.get("/v1/no/such/path", params={"app_name": "A & <b>"})
    await public.http.get("/v1/tracks/V4W8r", params={"app_name": "A & <b>"})
    await public.http.post("/v1/tracks/trending", params={"app_name": "x" * 129})
    await public.http.head("/v1/tracks/trending")
    await public.http.get("/api/v1/tracks", params={"app_name": "elsewhere"})
    await public.http.get("/", params={"app_name": "elsewhere"})
    await public.built.app_names.finish()
    counts: Counter[str] = Counter()
    for report in public.services.asked(RECORD):
        counts.update({row.name: row.count for row in report.counts})
    assert counts == {"A & <b>": 1, "unknown": 1}


async def test_what_is_over_the_limit_or_no_operation_counts_nothing(public: Public, still_limits: None) -> None:
    """Or invented names would fill a table as fast as a gateway refuses requests."""
    public.services.on(RECORD, RecordAppsResponse())
    for n in range(601):
        await public.http.get("/v1/no-such-path", params={"app_name": f"invented {n}"})
    assert (await public.http.get("/v1/tracks/V4W8r", params={"app_name": "late"})).status_code == 429
    await public.built.app_names.finish()
    assert not public.services.asked(RECORD)
