"""What a stranger's words cost others: the worst search beside a common one, and the rows of the worst edit."""

import itertools
import random
from urllib.parse import quote

import asyncpg

from tests.load.figures import Figure
from tests.load.serving import all_succeeded
from tests.load.stage import Cpu, System
from tests.load.titles import SEED
from tests.support.loadgen import once, request
from tests.support.people import Person, ok

WORD_LETTERS, WORDS_IN_TITLE, WORDS_IN_QUERY, QUERY_LETTERS = 24, 8, 12, 299
PLAYLISTS = 250
SEARCHES = 100
# Of CPU, more than a common search; and rows of the index for each new word.
WORST_MS, WORST_ROWS = 10.0, 20
COUNT = "SELECT (SELECT count(*) FROM known_digests), (SELECT count(*) FROM known_words)"


async def measure(system: System, planter: Person) -> list[Figure]:
    asked = _words(random.Random(SEED), WORDS_IN_QUERY)
    planted = _near(asked)
    conn = await asyncpg.connect(system.database_url("catalog"))
    try:
        rows = await _worst_edit(conn, planter)  # while the planter's words of the day are not used up
        for _ in range(PLAYLISTS):
            title = " ".join(itertools.islice(planted, WORDS_IN_TITLE))
            ok(planter.post("/playlists", json={"title": title, "is_public": True}), 201)
    finally:
        await conn.close()
    common, worst = await _cpu_ms(system, "bench"), await _cpu_ms(system, " ".join(asked)[:QUERY_LETTERS])
    return [
        Figure(
            "the worst search, ms of catalog's CPU above a common one",
            f"{worst - common:.1f} ms",
            f"{WORST_MS:.0f} ms",
            (worst - common) / WORST_MS,
            "at most 1",
            [f"a common search {common:.1f} ms, one of {QUERY_LETTERS} characters near planted words {worst:.1f} ms"],
        ),
        Figure(
            "the worst edit, rows of the index a word", f"{rows:.1f}", f"{WORST_ROWS}", rows / WORST_ROWS, "at most 1"
        ),
    ]


async def _worst_edit(conn: "asyncpg.Connection[asyncpg.Record]", planter: Person) -> float:
    """Rows for each word that becomes known by a title of new words and a description of two thousand characters."""
    letters = random.Random(SEED + 1)
    title, description = " ".join(_words(letters, WORDS_IN_TITLE))[:200], " ".join(_words(letters, 100))[:2000]
    before = await conn.fetchrow(COUNT)
    ok(planter.post("/playlists", json={"title": title, "description": description, "is_public": True}), 201)
    after = await conn.fetchrow(COUNT)
    assert before and after and after[1] - before[1] <= WORDS_IN_TITLE
    return float((after[0] - before[0]) / max(1, after[1] - before[1]))


async def _cpu_ms(system: System, query: str) -> float:
    sent = request("GET", f"/v1/tracks/search?query={quote(query)}")
    all_succeeded([await once(system.address, [sent] * 10)])
    cpu = Cpu({"catalog": system.processes["catalog"]})
    all_succeeded([await once(system.address, [sent] * SEARCHES)])
    return cpu.spent()["catalog"] * 1000 / SEARCHES


def _words(letters: random.Random, count: int) -> list[str]:
    return ["".join(letters.choices("abcdefghijklmnop", k=WORD_LETTERS)) for _ in range(count)]


def _near(asked: list[str]) -> "itertools.chain[str]":
    """One slip away from a word of the query, behind the letters that words are looked up by."""
    pairs = itertools.product(range(5, WORD_LETTERS), "qrstuvwxyz")
    return itertools.chain.from_iterable((word[:at] + new + word[at + 1 :] for word in asked) for at, new in pairs)
