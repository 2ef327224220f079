"""Range as this contract reads it: a bytes range that is malformed or unsatisfiable is 416, other units are ignored.

The object store's answers serve a GET's valid ranges; this adds malformed ranges, and HEAD with the status and headers
of the same GET.
"""

import re
from typing import NamedTuple

from starlette.responses import Response

from gateway.web.faults import RangeNotSatisfiable
from gateway.web.requests import Request

_BYTES = re.compile(r"\s*bytes\s*=(.*)", re.IGNORECASE | re.DOTALL)
# Less than this is a probe (`bytes=0-1`), unless it is the whole file.
MIN_PLAYED_BYTES = 1_000
_CONTENT_RANGE = re.compile(r"bytes 0-(\d+)/(\d+)")
_ONE = re.compile(r"\s*([0-9]{0,400})\s*-\s*([0-9]{0,400})\s*")


class Part(NamedTuple):
    first: int
    last: int


def settled(request: Request, answer: Response) -> Response:
    """`answer` (200: the whole file, 206: a part of it), with the request's range settled."""
    headers, if_range = answer.headers, request.headers.get("if-range")
    if answer.status_code != 200 or if_range not in (None, headers["etag"]):
        return answer
    total = int(headers["content-length"])
    part = wanted(request.headers.get("range"), total)
    if part is not None and request.method == "HEAD":
        answer.status_code = 206
        headers["content-length"] = str(part.last - part.first + 1)
        headers["content-range"] = f"bytes {part.first}-{part.last}/{total}"
    return answer


def wanted(header: str | None, total: int) -> Part | None:
    """The part of a file of `total` bytes that the header asks for; None: all of it. RangeNotSatisfiable."""
    ranges = _BYTES.fullmatch(header or "")
    if not ranges or "," in ranges[1]:
        return None
    one = _ONE.fullmatch(ranges[1])
    part = _part(one[1], one[2], total) if one else None
    if part is None or not 0 <= part.first <= part.last:
        raise RangeNotSatisfiable(total)
    return part


def _part(first: str, last: str, total: int) -> Part | None:
    if first:
        begin = int(first)
        end = min(int(last), total - 1) if last else total - 1
        return Part(begin, end) if not last or begin <= int(last) else None
    return Part(max(0, total - int(last)), total - 1) if last and int(last) else None


def begins(answer: Response) -> bool:
    """Whether the answer is the beginning of the file, and more of it than players ask for to learn what it is."""
    if answer.status_code == 200:
        return True
    part = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    return part is not None and (int(part[1]) + 1 >= MIN_PLAYED_BYTES or int(part[1]) + 1 == int(part[2]))
