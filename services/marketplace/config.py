"""The settings of marketplace, read from `MARKETPLACE_<NAME>`; the addresses of others from `<OTHER>_ADDRESS`."""

from typing import Literal

from pydantic import Field

from chassis import config


class Settings(config.Settings):
    model_config = config.prefixed("MARKETPLACE_")

    port: int = Field(7105, description="Port of the gRPC server")
    metrics_port: int = Field(7205, description="Port of the Prometheus metrics; 0: none")
    database_url: str = Field(
        "postgresql://marketplace@127.0.0.1:7300/marketplace", description="Postgres of marketplace"
    )
    catalog_address: str = Field(
        "127.0.0.1:7102", validation_alias=config.common("CATALOG_ADDRESS"), description="gRPC address of catalog"
    )
    currency: str = Field("EUR", pattern="^[A-Z]{3}$", description="Currency of new products")
    payment_provider: Literal["local"] = Field("local", description="Payment provider; local: accepts every charge")
    payment_timeout_seconds: float = Field(5.0, gt=0, description="How long the provider may take to answer")
    settle_poll_seconds: float = Field(1.0, gt=0, description="How often `work` looks for pending orders")
