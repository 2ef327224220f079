"""`python -m services.auth ...` as an operator types it, and the schema that the migrations give."""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path

import pytest
from soundstage.auth.v1 import tenants_pb2 as pb

from tests.integration.auth.conftest import Auth
from tests.support import databases
from tests.support.servers import Servers


async def run(environ: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.auth",
        *arguments,
        env=dict(os.environ) | environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


def environ(auth: Auth) -> dict[str, str]:
    return {
        "AUTH_DATABASE_URL": auth.settings.database_url,
        "AUTH_SIGNING_KEYS_DIR": str(auth.settings.signing_keys_dir),
    }


async def test_a_tenant_is_added_once_and_its_credentials_work(auth: Auth) -> None:
    code, out, _ = await run(environ(auth), "tenants", "add", "demo", "--if-missing")
    printed = json.loads(out)
    assert (code, printed["tenant"]) == (0, "demo")
    request = pb.IssueClientTokenRequest(client_id=printed["client_id"], client_secret=printed["client_secret"])
    assert (await auth.call(auth.tenants.IssueClientToken, request)).access_token
    assert (await run(environ(auth), "tenants", "add", "demo", "--if-missing"))[:2] == (0, "")
    code, out, err = await run(environ(auth), "tenants", "add", "demo")
    assert (code, out) == (1, "")
    assert "exists already" in err


async def test_an_admin_is_made_and_a_person_removed(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    assert (await run(environ(auth), "admins", "add", "Ada"))[0] == 0
    assert (await auth.get(ada.account.id)).role == "admin"
    code, _, err = await run(environ(auth), "admins", "add", "nobody")
    assert (code, err.strip()) == (1, "auth: No account has the user name nobody.")
    assert (await run(environ(auth), "accounts", "remove", ada.account.id))[0] == 0
    [row] = await auth.fetch("SELECT email, username, number FROM accounts")
    assert tuple(row) == (None, None, ada.account.number)
    assert (await run(environ(auth), "accounts", "remove", ada.account.id))[0] == 1


async def test_keys_rotate_once_a_day(auth: Auth) -> None:
    folder = auth.settings.signing_keys_dir
    code, out, _ = await run(environ(auth), "keys", "rotate")
    assert (code, (folder / f"{out.strip()}.pem").exists()) == (0, True)
    code, _, err = await run(environ(auth), "keys", "rotate")
    assert code == 1
    assert "less than 24 hours" in err
    assert (await run(environ(auth), "keys", "rotate", "--at-once"))[0] == 0
    assert len(auth.parts.keys.live()) == 1


async def test_migrate_makes_schema_topics_and_the_first_key(backing: Servers, tmp_path: Path) -> None:
    url = await databases.make_empty(backing.database_url, "auth")
    try:
        settings = {"AUTH_DATABASE_URL": url, "AUTH_SIGNING_KEYS_DIR": str(tmp_path / "deep" / "keys")}
        for _ in range(2):
            code, _, err = await run(settings | {"KAFKA_BOOTSTRAP": backing.kafka_bootstrap}, "migrate")
            assert code == 0, err
        [key] = (tmp_path / "deep" / "keys").iterdir()
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert b"PRIVATE KEY" in key.read_bytes()
    finally:
        await databases.drop(backing.database_url, url)


async def test_a_folder_that_cannot_be_written_is_one_clear_line(auth: Auth, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    settings = environ(auth) | {"AUTH_SIGNING_KEYS_DIR": str(tmp_path / "file" / "keys")}
    code, _, err = await run(settings, "keys", "rotate")
    assert code == 1
    assert err.strip().startswith("auth: Cannot keep signing keys in")
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["serve", "relay", "work", "migrate", "all"])
async def test_every_role_is_a_command(command: str) -> None:
    code, out, _ = await run({}, command, "--help")
    assert code == 0
    assert "Usage" in out
