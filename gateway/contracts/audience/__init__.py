"""The audience contract: players report streams, readers see who listened, under /streams/v1."""

from chassis.principal import Kind
from gateway.config import Settings
from gateway.contract import Contract, Handlers
from gateway.contracts.audience.errors import render


def contract(_: Settings) -> Contract:
    return Contract(name="audience", handlers=Handlers.of(__name__), render=render, accepts={"userToken": Kind.USER})
