"""Auth's settings."""

from pathlib import Path

from pydantic import Field

from chassis import config


class Settings(config.Settings):
    model_config = config.prefixed("AUTH_")

    port: int = Field(default=7101, description="Port of the gRPC server")
    metrics_port: int = Field(default=7201, description="Port of the Prometheus metrics; 0: none")
    database_url: str = Field(default="postgresql://auth@127.0.0.1:7300/auth", description="Postgres database of auth")
    signing_keys_dir: Path = Field(
        default=Path(".soundstage/keys/auth"),
        description="Directory of the Ed25519 signing keys; `migrate` creates one",
    )
    issuer: str = Field(default="soundstage", description="`iss` of every token; the gateway expects the same")
    argon2_memory_kib: int = Field(
        default=48 * 1024, ge=46 * 1024, le=64 * 1024, description="Argon2 memory of one password hash"
    )
    argon2_passes: int = Field(default=2, ge=1, description="Argon2 passes over that memory")
    hashing_queue: int = Field(
        default=128, ge=0, description="Maximum number of sign-ins that wait for a hash; more are Unavailable"
    )
