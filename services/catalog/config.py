"""Settings of catalog."""

from pydantic import Field

from chassis import config


class Settings(config.Settings):
    model_config = config.prefixed("CATALOG_")

    port: int = Field(default=7102, description="Port of the gRPC server")
    metrics_port: int = Field(default=7202, description="Port of the Prometheus metrics; 0: none")
    database_url: str = Field(
        default="postgresql://catalog@127.0.0.1:7300/catalog",
        description="Postgres database of catalog",
    )
    database_connections: int = Field(default=8, description="Maximum number of Postgres connections of a process")
    mongodb_url: str = Field(
        default="mongodb://127.0.0.1:7302/?directConnection=true", description="MongoDB, a replica set: tracks"
    )
    mongodb_database: str = Field(default="catalog", description="Database within MongoDB")
    auth_address: str = Field(
        default="127.0.0.1:7101", validation_alias=config.common("AUTH_ADDRESS"), description="gRPC address of auth"
    )
