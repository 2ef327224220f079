"""The five public contracts. The first one also answers for paths that belong to none."""

from collections.abc import Callable

from gateway.config import Settings
from gateway.contract import Contract
from gateway.contracts import audience, discovery, insights, partner, platform

CONTRACTS: tuple[Callable[[Settings], Contract], ...] = (
    platform.contract,
    insights.contract,
    discovery.contract,
    partner.contract,
    audience.contract,
)
