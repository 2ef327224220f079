"""The time as MongoDB keeps it."""

from datetime import datetime

from chassis import clock


def now() -> datetime:
    """MongoDB stores milliseconds, and an answer must equal what is read later."""
    moment = clock.utc_now()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
