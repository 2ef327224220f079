"""A page in headless Chromium, and a small server on loopback that it comes from and reports to."""

import hashlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HLS_JS = "hls.js@1.7.4"
# So that nothing but the page under test is asked of the network.
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
]


@cache
def hls_js() -> bytes | None:
    """hls.js as its authors publish it, by npm; None where npm or its registry is missing."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    kept = Path(tempfile.gettempdir()) / f"soundstage-{hashlib.sha256(HLS_JS.encode()).hexdigest()[:12]}.js"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            packed = subprocess.run([npm, "pack", HLS_JS], cwd=folder, capture_output=True, text=True, check=False)
            if packed.returncode != 0:
                return None
            with tarfile.open(Path(folder) / packed.stdout.split()[-1]) as archive:
                member = archive.extractfile("package/dist/hls.min.js")
                assert member is not None
                kept.write_bytes(member.read())
    return kept.read_bytes()


def watch(page: str, files: dict[str, bytes], seconds: float) -> dict[str, Any]:
    """Opens `page` (HTML) and answers what it posts to `/report`, within `seconds`."""
    assert CHROMIUM is not None
    # Chromium's helpers outlive a kill for a moment and still write into the profile.
    own = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with _serving({"/": page.encode(), **files}) as (url, reports), own as profile:
        argv = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", url]
        chromium = subprocess.Popen(
            argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=dict(os.environ)
        )
        try:
            return dict(reports.get(timeout=seconds))
        except queue.Empty:
            raise AssertionError(f"the page reported nothing in {seconds} s") from None
        finally:
            os.killpg(chromium.pid, signal.SIGKILL)
            chromium.wait()


@contextmanager
def _serving(files: dict[str, bytes]) -> Iterator[tuple[str, "queue.Queue[dict[str, Any]]"]]:
    reports: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html")
            self.end_headers()
            self.wfile.write(body or b"")

        def do_POST(self) -> None:
            reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", reports
    finally:
        server.shutdown()
