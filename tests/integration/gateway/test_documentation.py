"""The documentation in a browser: Swagger UI and ReDoc show every contract, and nothing is loaded from elsewhere."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from gateway.documentation import NAMES
from gateway.documents import load
from tests.integration.gateway.test_process import Alone, gateway_alone
from tests.support.browser import CHROMIUM, QUIET

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")


def rendered(url: str, net_log: Path) -> str:
    """The page's DOM once its scripts have run; what it asked of the network lies in `net_log`."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        argv = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom"]
        done = subprocess.run(
            [*argv, f"--log-net-log={net_log}", url], capture_output=True, text=True, timeout=120, check=True
        )
    return done.stdout


def asked(net_log: Path, origin: str) -> set[str]:
    """The addresses of what a page of this origin asked for; the browser's own requests come from no origin."""
    log: dict[str, Any] = json.loads(net_log.read_text())
    kind = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    begun = [event.get("params", {}) for event in log["events"] if event["type"] == kind]
    return {request["url"] for request in begun if request.get("initiator") == origin}


@pytest.mark.parametrize("name", NAMES)
async def test_swagger_ui_and_redoc_show_the_contract(tmp_path: Path, name: str) -> None:
    operations = [o for item in load(name)["paths"].values() for o in item.values() if "operationId" in o]
    async with gateway_alone(tmp_path) as alone:
        swagger = rendered(f"{alone.url}/docs/{name}", tmp_path / "swagger.json")
        redoc = rendered(f"{alone.url}/docs/{name}/redoc", tmp_path / "redoc.json")
        _check(alone, tmp_path)
    tags = {tag for operation in operations for tag in operation.get("tags", [])}
    assert tags and all(f'data-tag="{tag}"' in swagger for tag in tags)
    assert ('class="btn authorize' in swagger) == bool(load(name)["components"].get("securitySchemes"))
    assert all(operation["operationId"] in redoc for operation in operations)
    assert all(f'href="/docs/{other}"' in swagger for other in NAMES)


def _check(alone: Alone, folder: Path) -> None:
    for log in ("swagger.json", "redoc.json"):
        urls = asked(folder / log, alone.url)
        assert urls and not {url for url in urls if not url.startswith((alone.url, "blob:", "data:"))}
