"""The audience contract: players report streams, readers see who listened, under /streams/v1."""

from chassis.principal import Kind
from gateway.contract import Contract
from gateway.contracts.audience.errors import render
from gateway.contracts.audience.routes import HANDLERS


def contract() -> Contract:
    return Contract(name="audience", handlers=HANDLERS, render=render, accepts={"userToken": Kind.USER})
