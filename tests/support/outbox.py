"""The events that an outbox holds, a row each."""

# To select from: id (of its row), topic, published_at, event_id, key, type, payload, occurred_at, traceparent.
EVENTS = """
(
    SELECT id, topic, created_at, published_at, said.*
    FROM outbox, unnest(event_ids, keys, types, payloads, times, traceparents)
        AS said (event_id, key, type, payload, occurred_at, traceparent)
) AS events
"""
