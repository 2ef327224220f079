"""Checks an external MongoDB."""

from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from deploy.local.errors import LocalError


async def mongo_is_replica_set(url: str) -> None:
    """Transactions need a replica set. A standalone server would fail at the first upload instead of here."""
    try:
        async with AsyncMongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=5000) as client:
            hello = await client.admin.command("hello")
    except PyMongoError as error:
        raise LocalError(f"cannot connect to MONGODB_URL: {str(error)[:200]}") from error
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise LocalError("MONGODB_URL is not a replica set: start MongoDB with --replSet and run rs.initiate()")
