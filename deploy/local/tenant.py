"""The demo tenant: created once by auth's own command, with its credentials stored in the home."""

import asyncio
import json
import sys
from collections.abc import Mapping

from deploy.local.errors import LocalError
from deploy.local.home import Home

NAME = "demo"
SECRET = "demo-tenant"


async def ensure_demo_tenant(home: Home, environ: Mapping[str, str], root: str) -> None:
    """The command prints the secret only once, when it creates the tenant; afterwards only the home has it."""
    database = environ["AUTH_DATABASE_URL"]
    if _stored(home).get("database") == database:
        return
    command = [sys.executable, "-m", "services.auth", "tenants", "add", NAME, "--if-missing"]
    child = await asyncio.create_subprocess_exec(
        *command, env=dict(environ), cwd=root, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await child.communicate()
    if child.returncode:
        raise LocalError(f"the demo tenant could not be created: {errors.decode(errors='replace').strip()[-300:]}")
    created = _last_json(output.decode(errors="replace"))
    if created.get("client_secret"):
        home.write_secret(SECRET, json.dumps({**created, "database": database}))


def credentials(home: Home) -> dict[str, str]:
    """client_id and client_secret; empty if the tenant was created from another home."""
    return {name: text for name, text in _stored(home).items() if name in ("client_id", "client_secret")}


def _stored(home: Home) -> dict[str, str]:
    path = home.secrets / SECRET
    return _last_json(path.read_text()) if path.exists() else {}


def _last_json(text: str) -> dict[str, str]:
    for line in reversed(text.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return {str(name): str(value) for name, value in found.items()}
    return {}
