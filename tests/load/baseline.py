"""The simplest thing that a competent person would write: one FastAPI process, asyncpg, one INSERT a request.

No tokens, no limits, no right to hear, no keys, no events: what Soundstage does beside it is what the ratio shows.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID, uuid4

import asyncpg
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

SCHEMA = """
CREATE TABLE plays (
    id uuid PRIMARY KEY, track_id uuid NOT NULL, user_id uuid NOT NULL, seconds int NOT NULL, device text,
    played_at timestamptz NOT NULL DEFAULT now()
)
"""
ADD_PLAY = "INSERT INTO plays (id, track_id, user_id, seconds, device) VALUES ($1, $2, $3, $4, $5)"
LISTENER = uuid4()


class NewPlay(BaseModel):
    duration: Annotated[int, Field(ge=0, le=86400)]
    device: str | None = None


def app(database_url: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = await asyncpg.create_pool(database_url, min_size=10, max_size=10)
        async with app.state.pool.acquire() as conn:
            await conn.execute("DROP TABLE IF EXISTS plays")
            await conn.execute(SCHEMA)
        yield
        await app.state.pool.close()

    served = FastAPI(lifespan=lifespan)

    @served.post("/tracks/{track_id}/play")
    async def play(track_id: UUID, new: NewPlay) -> dict[str, str]:
        id = uuid4()
        async with served.state.pool.acquire() as conn:
            await conn.execute(ADD_PLAY, id, track_id, LISTENER, new.duration, new.device)
        return {"id": str(id)}

    @served.get("/hello")
    async def hello() -> dict[str, str]:
        return {"message": "hello"}

    return served


if __name__ == "__main__":
    url, port = sys.argv[1:]
    # As the gateway runs: uvloop, httptools, no access log.
    uvicorn.run(
        app(url), host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", ws="none", access_log=False,
        log_level="warning", proxy_headers=False, server_header=False, backlog=2048,
    )  # fmt: skip
