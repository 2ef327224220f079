"""SQL of the words that search rows hold: what a word with a typing error may mean.

Known are only words of what everybody may see, a bounded number of an owner and day, and none that nothing uses any
more.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from asyncpg import LockNotAvailableError

from chassis.postgres import Connection, Database
from services.catalog.words import words
from services.catalog.words.query import Words

# New ones of an owner and day. What comes beyond is found, but not if it is mistyped.
MAX_NEW = 1_000
# What one search compares, and for each of its words the nearest that are taken for it.
MAX_COMPARED = 2_000
MAX_NEAR = 20
# A prefix of more words than this is left to the index.
MAX_BEGUN = 50
# How many words of the vocabulary one turn looks for.
CHECKED = 200

# Whoever adds words has it shared, so that none that was found known is forgotten before the row that uses it is there.
LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended('catalog.known_words', 0))"
LOCK = "SET LOCAL lock_timeout = '200ms'; SELECT pg_advisory_xact_lock(hashtextextended('catalog.known_words', 0))"
KNOWN = "SELECT word FROM known_words WHERE word = ANY($1::text[])"
SPENT = """
SELECT owner_id, count(*) AS count FROM known_words
WHERE owner_id = ANY($1::uuid[]) AND added_at > clock_timestamp() - interval '1 day' GROUP BY owner_id
"""
# In order, so that two transactions that add the same words never deadlock.
ADD = """
INSERT INTO known_words (word, owner_id)
SELECT word, owner_id FROM unnest($1::text[], $2::uuid[]) AS new (word, owner_id) ORDER BY word
ON CONFLICT (word) DO NOTHING
"""
ADD_DIGESTS = """
INSERT INTO known_digests (digest, word)
SELECT digest, word FROM unnest($1::int[], $2::text[]) AS new (digest, word) ORDER BY digest, word
ON CONFLICT (digest, word) DO NOTHING
"""
BEGUN = """
SELECT beginning, words
FROM unnest($1::text[]) AS asked (beginning), LATERAL (
    SELECT array_agg(word) AS words FROM (
        SELECT word FROM known_words
        WHERE word >= beginning COLLATE "C" AND word < (beginning || chr(1114111)) COLLATE "C" LIMIT $2
    ) AS each
) AS found
WHERE cardinality(words) < $2
"""
# A bounded number for each digest: those of four and five letters are shared by few words, those of three by very many.
NEAR = """
SELECT asked.digest, array_agg(found.word) AS words FROM unnest($1::int[]) AS asked (digest), LATERAL (
    SELECT word FROM known_digests WHERE digest = asked.digest ORDER BY word LIMIT $2
) AS found
GROUP BY asked.digest
"""
OLDEST = "SELECT word FROM known_words ORDER BY checked_at LIMIT $1"
USED = """
SELECT word FROM unnest($1::text[], $2::text[]) AS asked (word, quoted) WHERE
    EXISTS (SELECT FROM search_tracks WHERE words @@ quoted::tsquery)
    OR EXISTS (SELECT FROM people WHERE words @@ quoted::tsquery)
    OR EXISTS (SELECT FROM search_playlists WHERE words @@ quoted::tsquery AND is_public)
"""
NOTE_CHECKED = "UPDATE known_words SET checked_at = clock_timestamp() WHERE word = ANY($1::text[])"
FORGET = "DELETE FROM known_words WHERE word = ANY($1::text[])"
FORGET_DIGESTS = """
DELETE FROM known_digests
WHERE (digest, word) IN (SELECT digest, word FROM unnest($1::int[], $2::text[]) AS gone (digest, word))
"""


async def add(conn: Connection, said: Iterable[tuple[UUID, Collection[str]]], *, is_rebuild: bool = False) -> None:
    """Learns the words that owners say in what everybody may see; in a rebuild, however many they are."""
    owners = {word: owner_id for owner_id, vocabulary in said for word in vocabulary}
    if not owners:
        return
    await conn.execute(LOCK_SHARED)
    for row in await conn.fetch(KNOWN, list(owners)):
        del owners[row["word"]]
    new = list(owners) if is_rebuild else await _within_limit(conn, owners)
    if new:
        await conn.execute(ADD, new, [owners[word] for word in new])
        await conn.execute(ADD_DIGESTS, *_digests(new))


async def near(conn: Connection, asked: Collection[str]) -> Words:
    """By each of these, the known words that it may be meant for, the nearest first."""
    digests = sorted({digest for word in asked for digest in words.near(word)})
    if not digests:
        return {}
    found = await conn.fetch(NEAR, digests, max(1, MAX_COMPARED // len(digests)))
    return await asyncio.to_thread(_nearest, asked, {row["digest"]: row["words"] for row in found})


async def begun(conn: Connection, asked: Collection[str]) -> Words:
    """The known words that each of these begins; of those that begin few."""
    if not asked:
        return {}
    return {row["beginning"]: row["words"] for row in await conn.fetch(BEGUN, asked, MAX_BEGUN + 1)}


async def forget_unused(database: Database) -> None:
    """Forgets words that nothing holds any more, among those that were not looked for the longest."""
    try:
        async with database.transaction() as conn:
            await conn.execute(LOCK)
            oldest = [row["word"] for row in await conn.fetch(OLDEST, CHECKED)]
            used = {row["word"] for row in await conn.fetch(USED, oldest, list(map(words.quoted, oldest)))}
            await conn.execute(NOTE_CHECKED, list(used))
            if unused := [word for word in oldest if word not in used]:
                await conn.execute(FORGET, unused)
                await conn.execute(FORGET_DIGESTS, *_digests(unused))
    except LockNotAvailableError:
        pass  # somebody adds many; the next turn will do


async def _within_limit(conn: Connection, owners: Mapping[str, UUID]) -> list[str]:
    spent = {row["owner_id"]: row["count"] for row in await conn.fetch(SPENT, list(set(owners.values())))}
    new = []
    for word, owner_id in owners.items():
        spent[owner_id] = spent.get(owner_id, 0) + 1
        if spent[owner_id] <= MAX_NEW:
            new.append(word)
    return new


def _digests(vocabulary: Collection[str]) -> tuple[list[int], list[str]]:
    pairs = [(digest, word) for word in vocabulary for digest in words.near(word)]
    return [digest for digest, _ in pairs], [word for _, word in pairs]


def _nearest(asked: Collection[str], by_digest: Mapping[int, list[str]]) -> Words:
    """Compares only words that share a digest."""
    nearest = {}
    for word in set(asked):
        alike = {other for digest in words.near(word) for other in by_digest.get(digest, ())}
        ranked = sorted((count, other) for other in alike if (count := words.slips(word, other)) is not None)
        nearest[word] = [other for _, other in ranked[:MAX_NEAR]]
    return nearest
