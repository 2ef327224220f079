"""SQL of the words that search rows hold: what a word with a typing error may mean."""

from collections.abc import Collection

from chassis.postgres import Connection
from services.catalog.words import words

MAX_NEAR = 200

# A prefix of more words than this is left to the index.
MAX_BEGUN = 50

# A word is known when it stands under its own digest.
KNOWN = """
SELECT word FROM search_words
WHERE (digest, word) IN (SELECT digest, word FROM unnest($1::int[], $2::text[]) AS asked (digest, word))
"""
# In order, so that two transactions that add the same words never deadlock.
ADD = """
INSERT INTO search_words (digest, word)
SELECT digest, word FROM unnest($1::int[], $2::text[]) AS new (digest, word) ORDER BY digest, word
ON CONFLICT (digest, word) DO NOTHING
"""
BEGUN = """
SELECT beginning, words
FROM unnest($1::text[]) AS asked (beginning), LATERAL (
    SELECT array_agg(word) AS words FROM (
        SELECT DISTINCT word FROM search_words
        WHERE word >= beginning COLLATE "C" AND word < (beginning || chr(1114111)) COLLATE "C" LIMIT $2
    ) AS each
) AS found
WHERE cardinality(words) < $2
"""
NEAR = "SELECT DISTINCT word FROM search_words WHERE digest = ANY($1::int[]) ORDER BY word LIMIT $2"


async def add(conn: Connection, vocabulary: Collection[str]) -> None:
    if not vocabulary:
        return
    known = await conn.fetch(KNOWN, [words.digest(word) for word in vocabulary], vocabulary)
    new = set(vocabulary) - {row["word"] for row in known}
    pairs = [(digest, word) for word in new for digest in words.near(word)]
    if pairs:
        await conn.execute(ADD, [digest for digest, _ in pairs], [word for _, word in pairs])


async def near(conn: Connection, asked: Collection[str]) -> list[str]:
    """The known words that share what is left when letters are missing with one of these."""
    digests = sorted({digest for word in asked for digest in words.near(word)})
    if not digests:
        return []
    found = [row["word"] for row in await conn.fetch(NEAR, digests, MAX_NEAR * 10)]
    return [word for word in found if any(words.is_near(one, word) for one in asked)][:MAX_NEAR]


async def begun(conn: Connection, asked: Collection[str]) -> words.Begun:
    """The known words that each of these begins; of those that begin few."""
    if not asked:
        return {}
    return {row["beginning"]: row["words"] for row in await conn.fetch(BEGUN, asked, MAX_BEGUN + 1)}
