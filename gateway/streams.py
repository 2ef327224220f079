"""The answers that clients read at their own pace: counted apart from requests that work, and by address."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chassis import errors
from gateway.addresses import holders


class Streams:
    """At most `most` answers of objects are being sent, and `most_of_address` of them to one address."""

    def __init__(self, most: int, most_of_address: int) -> None:
        self._most, self._most_of_address = most, most_of_address
        self._sending: Counter[str] = Counter()

    def check(self, address: str) -> None:
        """Raises Unavailable if there is no room for one more, RateLimited if there is none for this address."""
        if self._sending[holders(address)[0]] >= self._most_of_address:
            raise errors.RateLimited("Too many streams at once", retry_after_seconds=1)
        if self._sending.total() >= self._most:
            raise errors.Unavailable(retry_after_seconds=1)

    @contextmanager
    def sending(self, address: str) -> Iterator[None]:
        holder = holders(address)[0]
        self._sending[holder] += 1
        try:
            yield
        finally:
            self._sending[holder] -= 1
            if not self._sending[holder]:
                del self._sending[holder]
