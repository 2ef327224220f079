"""SQL of searching tracks by their words."""

from uuid import UUID

from chassis.pages import Page
from chassis.postgres import Connection
from services.catalog.listings import tiers
from services.catalog.listings.store import LISTED, Which, by
from services.catalog.tracks.track import Filters, Order, Sort
from services.catalog.words import vocabulary
from services.catalog.words.query import Query, Words

WORDS = "s.words @@ {}::text::tsquery"
# An exact title first, then how well the words match (as written above beginnings above slips; title above artist above
# album above tags), and of equals the popular before the obscure.
RELEVANCE = """
(({forgiving} + 2 * {prefixed} + 4 * {exact} + 4 * (s.title_key = {folded})::int)
    * (1 + ln(1 + coalesce(t.plays, 0)) / 10)) DESC, s.track_id DESC
"""
BEST = f"""
WITH candidates AS MATERIALIZED ({{candidates}})
SELECT (SELECT count(*) FROM candidates) AS total, ARRAY(
    SELECT s.track_id
    FROM candidates JOIN search_tracks AS s USING (track_id) LEFT JOIN totals AS t ON t.subject_id = s.track_id
    ORDER BY {RELEVANCE} OFFSET {{offset}} LIMIT {{limit}}
) AS ids
"""
OF_TITLE = f"""
(SELECT s.track_id FROM search_tracks AS s WHERE {{conditions}} ORDER BY s.tier DESC LIMIT {tiers.MAX_CANDIDATES})
"""
# The plan is the same whatever is asked, and to make it anew costs as much as to run it. Workers side by side would ask
# the tiers in any order.
PLAN_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL max_parallel_workers_per_gather = 0"
RANK = "ts_rank(s.words, {}::text::tsquery)"


async def search_tracks(
    conn: Connection, query: Query, filters: Filters, order: Order, page: Page
) -> tuple[list[UUID], int]:
    """Like `list_tracks`, for public tracks that match all words of `query`."""
    near = await vocabulary.near(conn, query.may_err)
    which = Which(filters)
    which.add(LISTED)
    if order.sort is Sort.RELEVANCE:
        return await _best(conn, which, query, near, page)
    which.add(WORDS, query.forgiving(near))
    return await which.page(conn, by(order), page), await which.count(conn)


async def _best(conn: Connection, which: Which, query: Query, near: Words, page: Page) -> tuple[list[UUID], int]:
    """By relevance, among some hundreds of candidates: exact titles, and for each way of matching the most played."""
    begun = await vocabulary.begun(conn, query.may_begin)
    folded = which.place(query.folded)
    found = [OF_TITLE.format(conditions=" AND ".join([*which.conditions, f"s.title_key = {folded}"]))]
    for text in (query.exact, query.begun(begun), query.forgiving(near, begun)):
        found.append(tiers.candidates([*which.conditions, WORDS.format(which.place(text))]))
    asked = {"exact": query.exact, "prefixed": query.prefixed, "forgiving": query.forgiving(near)}
    ranks = {name: RANK.format(which.place(text)) for name, text in asked.items()}
    slice_ = {"offset": which.place(page.offset), "limit": which.place(page.limit)}
    best = BEST.format(candidates=" UNION ".join(found), folded=folded, **ranks, **slice_)
    async with conn.transaction():
        await conn.execute(PLAN_ONCE)
        row = await conn.fetchrow(best, *which.values)
    assert row is not None
    return list(row["ids"]), row["total"]
