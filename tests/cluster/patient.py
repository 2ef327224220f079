"""What comes before and after a load asks as clients do: again when it is told to try again in a moment."""

import time

import httpx

# A gateway asks for the names of new pods less often the longer none was there.
PATIENCE_SECONDS = 30.0
AWAY = 503


class Patient(httpx.HTTPTransport):
    def __init__(self) -> None:
        # A connection kept for the next request may be one to a pod that is gone.
        super().__init__(limits=httpx.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            response = super().handle_request(request)
            pause = int(response.headers.get("retry-after", 0))
            if response.status_code != AWAY or not pause or time.monotonic() + pause > deadline:
                return response
            response.close()
            time.sleep(pause)
