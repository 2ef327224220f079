"""The discovery contract: players, bots and third-party clients, under /v1; compatible with the Audius REST API."""

from gateway.contract import Contract
from gateway.contracts.discovery import errors, routes


def contract() -> Contract:
    return Contract(name="discovery", handlers=routes.HANDLERS, render=errors.render)
