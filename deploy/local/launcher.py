"""One run from start to stop: leftovers, ports, parts, addresses."""

import asyncio
import shlex
from collections.abc import Callable, Mapping, Sequence

from deploy.local import process
from deploy.local.errors import LocalError
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import is_free
from deploy.local.supervisor import Notice, Supervisor, stop_on_signals


async def launch(
    home: Home, parts: Sequence[Part], addresses: Mapping[str, str], notice: Notice, when_ready: Callable[[], None]
) -> None:
    """Runs the parts until SIGINT or SIGTERM. `home` must be locked."""
    for name in process.stop_leftovers(home):
        notice(name, "leftover, stopped")
    check_ports(parts)
    stop = asyncio.Event()
    stop_on_signals(stop)

    def announce() -> None:
        write_addresses(home, addresses)
        when_ready()

    try:
        await Supervisor(parts, home, notice).run(stop, announce)
    finally:
        home.addresses.unlink(missing_ok=True)


def check_ports(parts: Sequence[Part]) -> None:
    for part in parts:
        for port in part.ports:
            if not is_free(port):
                advice = "set PORT" if part.name == "gateway" else "set SOUNDSTAGE_PORT_BASE"
                raise LocalError(f"port {port} ({part.name}) is in use by another program; stop it or {advice}")


def write_addresses(home: Home, addresses: Mapping[str, str]) -> None:
    lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in addresses.items())
    draft = home.addresses.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(lines)
    draft.replace(home.addresses)
