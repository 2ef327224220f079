"""What listeners did, as rows of audience: uneven as in life, most of it done to few.

Each statement takes tracks ($1) and their owners ($2), the busiest first, and how many listeners there are ($3). The
rows are days old: the reconciler looks back one day the first time, so nobody but a rebuild counts them.
"""

_BUSY = "unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS busy (track_id, owner_id, rank)"
_WHO = "md5('listener ' || (rank * 7919 + n * 104729) % $3::int)::uuid"
_WHEN = """
LATERAL (
    SELECT now() - interval '2 days' - (rank * 7919 + n * 15485863::bigint) % 5184000 * interval '1 second'
) AS moment (at)
"""
ADD_PLAYS = f"""
INSERT INTO plays (id, track_id, owner_id, user_id, seconds, duration_ms, device, source, is_authenticated,
    idempotency_key, fingerprint, occurred_at, received_at)
SELECT uuidv7(at - now()), track_id, owner_id, {_WHO}, n % 180, 180000, 'Web', 1, true, NULL, NULL, at, at
FROM {_BUSY}, generate_series(1, ceil(3000 / rank ^ 0.8)::int) AS n, {_WHEN}
"""
ADD_LIKES = f"""
INSERT INTO likes (track_id, user_id, owner_id, is_liked, version, liked_at, changed_at)
SELECT track_id, {_WHO}, owner_id, true, 1, at, at
FROM {_BUSY}, generate_series(1, ceil(900 / rank ^ 0.8)::int) AS n, {_WHEN} ON CONFLICT DO NOTHING
"""
ADD_REPOSTS = f"""
INSERT INTO reposts (subject_id, account_id, kind, owner_id, is_reposted, version, reposted_at, changed_at)
SELECT track_id, {_WHO}, 1, owner_id, true, 1, at, at
FROM {_BUSY}, generate_series(1, ceil(300 / rank ^ 0.8)::int) AS n, {_WHEN} ON CONFLICT DO NOTHING
"""
# Of the owners, and of each other, without which what they like would weigh nothing.
ADD_FOLLOWS = f"""
INSERT INTO follows (follower_id, followee_id, is_following, version, followed_at, changed_at)
SELECT {_WHO}, followee_id, true, 1, at, at
FROM (
    SELECT owner_id AS followee_id, min(rank) AS rank FROM {_BUSY} GROUP BY owner_id
    UNION ALL SELECT md5('listener ' || i)::uuid, 500 + i FROM generate_series(0, $3::int - 1) AS i
) AS followed, generate_series(1, 3 + ceil(1000 / rank ^ 0.8)::int) AS n, {_WHEN}
WHERE {_WHO} <> followee_id ON CONFLICT DO NOTHING
"""
STATES = (ADD_PLAYS, ADD_LIKES, ADD_REPOSTS, ADD_FOLLOWS)
