"""When a minute of the database's clock can get no more rows, so that its count may be compared."""

from datetime import UTC, datetime, timedelta

# A transaction ends after 30 s at the latest, so no row with an old time is committed later than this.
SEALED_AFTER = timedelta(seconds=120)


def minute_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)
