"""The demo tenant: made once by auth's own command, its credentials kept in the home."""

import asyncio
import json
import sys
from collections.abc import Mapping

from deploy.local.errors import LocalError
from deploy.local.home import Home

NAME = "demo"
SECRET = "demo-tenant"


async def ensure_demo_tenant(home: Home, environ: Mapping[str, str], root: str) -> None:
    """The command tells the secret once, when it makes the tenant; afterwards only the home knows it."""
    database = environ["AUTH_DATABASE_URL"]
    if _kept(home).get("database") == database:
        return
    command = [sys.executable, "-m", "services.auth", "tenants", "add", NAME, "--if-missing"]
    child = await asyncio.create_subprocess_exec(
        *command, env=dict(environ), cwd=root, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, said = await child.communicate()
    if child.returncode:
        raise LocalError(f"the demo tenant could not be made: {said.decode(errors='replace').strip()[-300:]}")
    made = _last_json(output.decode(errors="replace"))
    if made.get("client_secret"):
        home.write_secret(SECRET, json.dumps({**made, "database": database}))


def credentials(home: Home) -> dict[str, str]:
    """client_id and client_secret; empty when another home made the tenant."""
    return {name: text for name, text in _kept(home).items() if name in ("client_id", "client_secret")}


def _kept(home: Home) -> dict[str, str]:
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
