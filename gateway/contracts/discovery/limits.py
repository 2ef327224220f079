from gateway.config import Settings
from gateway.limits import Limit


def reads(settings: Settings) -> Limit:
    return Limit("discovery", settings.discovery_reads_per_minute, 60)
