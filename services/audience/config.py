"""Settings of audience; the environment's names are `AUDIENCE_<NAME>`, those that all processes share bare."""

from pydantic import Field

from chassis import config


class Settings(config.Settings):
    model_config = config.prefixed("AUDIENCE_")

    port: int = Field(7104, description="Port of the gRPC server")
    metrics_port: int = Field(7204, description="Port of the Prometheus metrics; 0: none")
    database_url: str = Field(
        "postgresql://audience@127.0.0.1:7300/audience", description="Postgres database of audience"
    )
    database_connections: int = Field(default=10, description="Maximum number of Postgres connections of a process")
    catalog_address: str = Field(
        "127.0.0.1:7102", validation_alias=config.common("CATALOG_ADDRESS"), description="gRPC address of catalog"
    )
    auth_address: str = Field(
        "127.0.0.1:7101", validation_alias=config.common("AUTH_ADDRESS"), description="gRPC address of auth"
    )
