"""Settings of the gateway; every one is an environment variable, the defaults fit `make run`."""

import ipaddress
import os
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import AliasChoices, Field, SecretStr, model_validator

from chassis import config
from chassis.config import common

_DEVELOPMENT_KEY = "dev:only-for-development"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _objects_at_home() -> str:
    return (Path(os.environ.get("SOUNDSTAGE_HOME", ".soundstage")).resolve() / "objects").as_uri()


class Settings(config.Settings):
    model_config = config.prefixed("GATEWAY_")

    port: int = Field(8080, validation_alias=common("PORT"), description="Port of the public REST contracts")
    metrics_port: int = Field(
        7200,
        validation_alias=AliasChoices("GATEWAY_METRICS_PORT", "METRICS_PORT", "metrics_port"),
        description="Port of metrics and /healthz; 0: none",
    )
    redis_url: str = Field("redis://127.0.0.1:7301/0", description="Valkey or Redis for the rate limits")
    storage_url: str = Field(
        default_factory=_objects_at_home,
        validation_alias=common("STORAGE_URL"),
        description="The object store, read only; the same as streaming's",
    )
    media_signing_key: SecretStr = Field(
        SecretStr(_DEVELOPMENT_KEY),
        validation_alias=common("MEDIA_SIGNING_KEY"),
        description="`id:secret`, several separated by commas; the first signs, all are accepted",
    )
    public_url: str = Field("", description="Scheme and host of absolute links; empty: those of the request")
    trusted_proxies: str = Field(
        "",
        validation_alias=common("TRUSTED_PROXIES"),
        description="Networks of trusted proxies, whose X-Forwarded-For, -Proto and -Host count",
    )
    rate_limit_factor: float = Field(
        1.0, gt=0, validation_alias=common("RATE_LIMIT_FACTOR"), description="Multiplies every rate limit"
    )
    token_issuer: str = Field(
        "soundstage", validation_alias=common("AUTH_ISSUER"), description="Required `iss` of every token"
    )
    farewell_seconds: float = Field(
        0.0, ge=0, description="After SIGTERM, how long to keep answering, with `Connection: close`"
    )
    max_requests: int = Field(1000, description="Maximum number of requests that work at once; the rest get 503")
    max_bodies: int = Field(1000, description="Maximum number of bodies that are being sent to us at once")
    max_streams: int = Field(400, description="Maximum number of media answers that are being sent at once")
    max_streams_each: int = Field(64, description="Maximum number of media answers to one address at once")
    max_connections: int = Field(4000, description="Maximum number of open connections; further ones are closed")
    max_connections_each: int = Field(500, description="Maximum number of connections of one address")
    discovery_reads_per_minute: int = Field(600, description="Requests to the discovery contract from one address")
    media_reads_per_minute: int = Field(3000, description="Requests for media from one address")
    audience_reports_per_minute: int = Field(100, description="Streams reported without a token, from one address")
    audience_listener_reports_per_hour: int = Field(
        30, description="Streams reported without a token, of one user and track"
    )

    auth_address: str = Field(
        "127.0.0.1:7101", validation_alias=common("AUTH_ADDRESS"), description="gRPC address of auth"
    )
    catalog_address: str = Field(
        "127.0.0.1:7102", validation_alias=common("CATALOG_ADDRESS"), description="gRPC address of catalog"
    )
    streaming_address: str = Field(
        "127.0.0.1:7103", validation_alias=common("STREAMING_ADDRESS"), description="gRPC address of streaming"
    )
    audience_address: str = Field(
        "127.0.0.1:7104", validation_alias=common("AUDIENCE_ADDRESS"), description="gRPC address of audience"
    )
    marketplace_address: str = Field(
        "127.0.0.1:7105", validation_alias=common("MARKETPLACE_ADDRESS"), description="gRPC address of marketplace"
    )
    insights_address: str = Field(
        "127.0.0.1:7106", validation_alias=common("INSIGHTS_ADDRESS"), description="gRPC address of insights"
    )

    @cached_property
    def media_keys(self) -> dict[str, bytes]:
        pairs = [pair.partition(":") for pair in self.media_signing_key.get_secret_value().split(",")]
        return {key_id.strip(): secret.encode() for key_id, _, secret in pairs if secret}

    @cached_property
    def proxies(self) -> list[Network]:
        return [ipaddress.ip_network(part.strip()) for part in self.trusted_proxies.split(",") if part.strip()]

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        secret = self.media_signing_key.get_secret_value()
        if self.environment == "production" and secret == _DEVELOPMENT_KEY:
            raise ValueError("MEDIA_SIGNING_KEY must be set in production")
        if ":" not in secret:
            # One bare secret is a key too.
            self.media_signing_key = SecretStr(f"k1:{secret}")
        if not self.media_keys:
            raise ValueError("MEDIA_SIGNING_KEY must be id:secret")
        return self
