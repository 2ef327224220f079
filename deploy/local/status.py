"""`make status`: every process of a home, with its ports and share of memory (PSS)."""

import psutil
from rich.console import Console
from rich.table import Table

from deploy.local import process
from deploy.local.home import Home

BUDGET_MIB = 1434  # 1.4 GiB
MIB = 1024 * 1024


def show(home: Home, console: Console) -> bool:
    """Returns False if nothing is running."""
    found = {name: running for name, running in process.running(home).items() if running.is_running()}
    if not found:
        console.print(f"Nothing is running from {home.root}.")
        return False
    table = Table(title=f"Soundstage in {home.root}", title_justify="left")
    for column, justify in (("process", "left"), ("pid", "right"), ("PSS MiB", "right"), ("ports", "left")):
        table.add_column(column, justify="right" if justify == "right" else "left")
    total = 0.0
    for name, running in sorted(found.items(), key=lambda item: item[1].create_time()):
        family = [running, *running.children(recursive=True)]
        memory = sum(_pss(one) for one in family) / MIB
        total += memory
        table.add_row(name, str(running.pid), f"{memory:.1f}", " ".join(map(str, _ports(family))))
    console.print(table)
    console.print(f"Sum of PSS: {total:.0f} MiB (target when idle: under {BUDGET_MIB} MiB)")
    return True


def _pss(running: psutil.Process) -> int:
    """The proportional set size, or the resident size if the system does not report it."""
    try:
        memory = running.memory_full_info()
        return int(getattr(memory, "pss", memory.rss))
    except psutil.AccessDenied:
        return int(running.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _ports(family: list[psutil.Process]) -> list[int]:
    ports: set[int] = set()
    for running in family:
        try:
            connections = running.net_connections(kind="tcp")
        except psutil.Error:
            continue
        ports |= {one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN}
    return sorted(ports)
