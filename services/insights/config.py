"""Settings of insights; the environment's names are `INSIGHTS_<NAME>`, those that all processes share bare."""

from pydantic import Field

from chassis import config


class Settings(config.Settings):
    model_config = config.prefixed("INSIGHTS_")

    port: int = Field(7106, description="Port of the gRPC server")
    metrics_port: int = Field(7206, description="Port of the Prometheus metrics; 0: none")
    database_url: str = Field(
        "postgresql://insights@127.0.0.1:7300/insights", description="Postgres database of insights"
    )
    database_connections: int = Field(10, description="Maximum number of Postgres connections of a process")
    catalog_address: str = Field(
        "127.0.0.1:7102", validation_alias=config.common("CATALOG_ADDRESS"), description="gRPC address of catalog"
    )
    audience_address: str = Field(
        "127.0.0.1:7104", validation_alias=config.common("AUDIENCE_ADDRESS"), description="gRPC address of audience"
    )
    counts_unauthenticated: bool = Field(
        True, description="Whether plays reported without a token count; rebuild after a change"
    )
