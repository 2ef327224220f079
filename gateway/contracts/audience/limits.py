"""Reports are limited in the handler, since a token lifts their limits; reads before it, as everywhere else."""

from gateway.config import Settings
from gateway.limits import Limit

READS = Limit("audience.reads", 500, 60)


def reports_of_an_address(settings: Settings) -> Limit:
    return Limit("audience.reports", settings.audience_reports_per_minute, 60)


def reports_of_a_listener(settings: Settings) -> Limit:
    """For one user and one track."""
    return Limit("audience.listener_reports", settings.audience_listener_reports_per_hour, 3600)
