"""The platform contract: web and mobile apps, under /api/v1."""

from chassis.principal import Kind
from gateway.config import Settings
from gateway.contract import Contract, Handlers
from gateway.contracts.platform.errors import render
from gateway.contracts.platform.limits import PER_ADDRESS


def contract(_: Settings) -> Contract:
    return Contract(
        name="platform",
        handlers=Handlers.of(__name__),
        render=render,
        accepts={"userToken": Kind.USER},
        limits=(PER_ADDRESS,),
    )
