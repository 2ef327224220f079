"""Settings of a backing server that runs alone.

Each is an environment variable, or a file of that name in `SECRETS_DIR`.
"""

import os
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.local.ports import LOOPBACK


class Settings(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", secrets_dir=os.environ.get("SECRETS_DIR"))

    host: str = LOOPBACK
    port: int = 0  # 0: the default port of its kind
    data_dir: Path = Path("/data")
    postgres_password: str = ""
    valkey_password: str = ""
    # host:port at which clients reach the broker
    kafka_advertised: str = ""
    # For `databases`: where Postgres is, and the passwords of the services' roles.
    postgres_host: str = "postgres"
    auth_database_password: str = ""
    catalog_database_password: str = ""
    streaming_database_password: str = ""
    audience_database_password: str = ""
    marketplace_database_password: str = ""
    insights_database_password: str = ""
