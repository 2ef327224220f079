"""Ids, windows and their names in the insights contract."""

import re
from typing import Literal

from gateway.web.faults import Malformed
from gateway.web.reading import Query
from gateway.web.requests import Request

PERIOD_DAYS = {"7-days": 7, "30-days": 30, "90-days": 90, "1-year": 365}
TIMEFRAME_DAYS = {"7d": 7, "30d": 30, "90d": 90, "1y": 365}

_NUMBER = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
# The largest that every JSON reader keeps exact.
_MAX_NUMBER = 2**53 - 1


class PeriodQuery(Query):
    period: Literal["7-days", "30-days", "90-days", "1-year"] = "30-days"


class TimeframeQuery(Query):
    timeframe: Literal["7d", "30d", "90d", "1y"] = "30d"


def path_number(request: Request, name: str) -> int:
    text = request.path_params[name]
    if not _NUMBER.fullmatch(text) or int(text) > _MAX_NUMBER:
        raise Malformed.at(name, "must be a positive integer")
    return int(text)
