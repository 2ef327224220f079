"""The platform contract: web and mobile apps, under /api/v1."""

from chassis.principal import Kind
from gateway.contract import Contract
from gateway.contracts.platform import errors, routes
from gateway.contracts.platform.limits import PER_ADDRESS


def contract() -> Contract:
    return Contract(
        name="platform",
        handlers=routes.HANDLERS,
        render=errors.render,
        accepts={"userToken": Kind.USER},
        limits=(PER_ADDRESS,),
    )
