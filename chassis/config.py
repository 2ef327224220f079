"""Settings that every process has; each adds its own in its `config.py`.

A setting is an environment variable, or a file of that name in `SECRETS_DIR`. Defaults suit the local run.
"""

import os
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def prefixed(prefix: str) -> SettingsConfigDict:
    """Reads `<PREFIX><NAME>`, so that services can share one environment."""
    return SettingsConfigDict(
        env_prefix=prefix, populate_by_name=True, extra="ignore", secrets_dir=os.environ.get("SECRETS_DIR")
    )


def common(name: str) -> AliasChoices:
    """The name, without a prefix, of a setting that all processes share."""
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    host: str = Field(default="127.0.0.1", validation_alias=common("HOST"), description="Address to listen on")
    port: int = Field(default=0, description="Port of the gRPC server")
    metrics_port: int = Field(default=0, description="Port of the Prometheus metrics; 0: no metrics")
    environment: Literal["development", "production"] = Field(
        default="development", validation_alias=common("ENVIRONMENT"), description="`development` adds gRPC reflection"
    )
    log_level: str = Field(
        default="info", validation_alias=common("LOG_LEVEL"), description="`debug`, `info`, `warning` or `error`"
    )
    log_format: Literal["console", "json"] = Field(
        default="json", validation_alias=common("LOG_FORMAT"), description="Format of log lines: `console` or `json`"
    )
    otlp_endpoint: str = Field(
        default="", validation_alias=common("OTLP_ENDPOINT"), description="OTLP endpoint for traces; empty: no traces"
    )
    kafka_bootstrap: str = Field(
        default="127.0.0.1:7303",
        validation_alias=common("KAFKA_BOOTSTRAP"),
        description="Kafka brokers, comma separated",
    )
    kafka_replication: int = Field(
        default=1, validation_alias=common("KAFKA_REPLICATION"), description="Replication factor of new topics"
    )
    shutdown_grace_seconds: float = Field(
        default=8.0,
        validation_alias=common("SHUTDOWN_GRACE_SECONDS"),
        description="How long calls in flight may take to finish",
    )
    connection_age_seconds: float = Field(
        default=300.0,
        gt=0,
        validation_alias=common("CONNECTION_AGE_SECONDS"),
        description="How often gRPC clients must reconnect, which lets them find new replicas",
    )
    clock_offset_seconds: float = Field(
        default=0.0,
        validation_alias=common("CLOCK_OFFSET_SECONDS"),
        description="How wrong the clock is, for fault tests",
    )
