"""The partner contract: back ends of labels and telcos and their apps, under /partner/v1."""

from chassis.errors import Forbidden
from chassis.principal import Kind
from gateway.config import Settings
from gateway.contract import Contract, Handlers
from gateway.contracts.partner.errors import render


def contract(_: Settings) -> Contract:
    return Contract(
        name="partner",
        handlers=Handlers.of(__name__),
        render=render,
        accepts={"clientToken": Kind.CLIENT, "delegationToken": Kind.DELEGATION, "sessionToken": Kind.SESSION},
        wrong_kind=Forbidden,
    )
