"""Settings that every process has; each adds its own in its `config.py`.

A setting is an environment variable, or a file of that name in `SECRETS_DIR`. Defaults suit the local run.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def prefixed(prefix: str) -> SettingsConfigDict:
    """Reads `<PREFIX><NAME>`, so that services can share one environment."""
    return SettingsConfigDict(
        env_prefix=prefix, populate_by_name=True, extra="ignore", secrets_dir=os.environ.get("SECRETS_DIR")
    )


def common(name: str) -> AliasChoices:
    """The name, without a prefix, of a setting that all processes share."""
    return AliasChoices(name, name.lower())


@dataclass(frozen=True, slots=True)
class Tls:
    """What a process shows to others, and the authority by which it knows them; PEM files, which may be renewed."""

    certificate: Path
    key: Path
    ca: Path

    def read(self) -> tuple[bytes, bytes, bytes]:
        """Certificate, key and authority as they are now."""
        return self.certificate.read_bytes(), self.key.read_bytes(), self.ca.read_bytes()


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
    tls_certificate: Path | None = Field(
        default=None,
        validation_alias=common("TLS_CERTIFICATE"),
        description="Certificate for calls between services, a PEM file; with the two below, calls are mutual TLS",
    )
    tls_key: Path | None = Field(
        default=None, validation_alias=common("TLS_KEY"), description="Key of the certificate, a PEM file"
    )
    tls_ca: Path | None = Field(
        default=None, validation_alias=common("TLS_CA"), description="Authority that signed everybody's, a PEM file"
    )
    health_port: int = Field(
        default=0,
        validation_alias=common("HEALTH_PORT"),
        description="Port of gRPC health checks without TLS, for probes, which know none; 0: none",
    )
    clock_offset_seconds: float = Field(
        default=0.0,
        validation_alias=common("CLOCK_OFFSET_SECONDS"),
        description="How wrong the clock is, for fault tests",
    )

    @property
    def tls(self) -> Tls | None:
        """None: calls between services are plain."""
        if self.tls_certificate and self.tls_key and self.tls_ca:
            return Tls(self.tls_certificate, self.tls_key, self.tls_ca)
        return None

    @model_validator(mode="after")
    def _has_all_of_tls(self) -> Self:
        if self.tls is None and (self.tls_certificate or self.tls_key or self.tls_ca):
            raise ValueError("TLS_CERTIFICATE, TLS_KEY and TLS_CA must be set together")
        return self
