"""The insights contract: creators' dashboards, under /api/v1/producer-intelligence/insights."""

from chassis.principal import Kind
from gateway.config import Settings
from gateway.contract import Contract, Handlers
from gateway.contracts.insights.errors import render
from gateway.contracts.insights.limits import PER_ADDRESS


def contract(_: Settings) -> Contract:
    return Contract(
        name="insights",
        handlers=Handlers.of(__name__),
        render=render,
        accepts={"userToken": Kind.USER},
        limits=(PER_ADDRESS,),
    )
