"""Answers onto the wire; a stream ends as soon as its client has gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from chassis import telemetry
from gateway.web.answers import Answer
from gateway.web.requests import Request

log = telemetry.logger(__name__)

Send = Callable[[Any], Awaitable[None]]


async def send(request: Request, answer: Answer, out: Send) -> None:
    await out({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if answer.chunks is None:
        await out({"type": "http.response.body", "body": answer.body})
    else:
        await _send_chunks(request, answer.chunks, out)


async def _send_chunks(request: Request, chunks: AsyncIterator[bytes], out: Send) -> None:
    gone = asyncio.ensure_future(request.gone())
    try:
        async with aclosing(chunks) as open_chunks:  # type: ignore[type-var]
            async for chunk in open_chunks:
                if gone.done():
                    return
                await out({"type": "http.response.body", "body": chunk, "more_body": True})
    except Exception:
        # The status is out; a body shorter than its Content-Length tells the client.
        log.exception("stream.broken")
        raise
    finally:
        gone.cancel()
    await out({"type": "http.response.body", "body": b""})
