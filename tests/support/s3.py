"""An S3 server on loopback that keeps what it gets in memory; one bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "soundstage"
REGION = "us-east-1"
# The server takes any.
KEY_ID, KEY = "somebody", "anything"


@dataclass(frozen=True)
class Bucket:
    host: str
    port: int

    def settings(self, address: str) -> dict[str, Any]:
        """What an operator sets to keep recordings there; `address` may be that of a proxy before it."""
        return {
            "STORAGE_URL": f"s3://{BUCKET}",
            "AWS_ENDPOINT_URL": f"http://{address}",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": KEY,
        }

    def names(self) -> list[str]:
        return [kept["Key"] for kept in self.client().list_objects_v2(Bucket=BUCKET).get("Contents", ())]

    def client(self) -> Any:
        address = f"http://{self.host}:{self.port}"
        return boto3.client(
            "s3", endpoint_url=address, region_name=REGION, aws_access_key_id=KEY_ID, aws_secret_access_key=KEY
        )


@contextmanager
def bucket() -> Iterator[Bucket]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        made = Bucket(*server.get_host_and_port())
        made.client().create_bucket(Bucket=BUCKET)
        yield made
    finally:
        server.stop()
