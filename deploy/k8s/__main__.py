"""`python -m deploy.k8s deploy`: Soundstage on the cluster that CLUSTER and KUBECONFIG choose."""

import os
import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.k8s import cluster as clusters
from deploy.k8s import evidence, stack
from deploy.k8s import secrets as secret_files
from deploy.k8s.kubectl import ClusterError
from deploy.k8s.readiness import Seen, is_ready, restarts

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False)


@app.command()
def deploy() -> None:
    """Loads the images from build/images, applies the overlay `kind` and waits until everything is ready."""
    cluster = clusters.choose(os.environ, console)
    seconds = stack.deploy(cluster, console)
    url = cluster.url()
    console.print(f"[bold green]Ready[/] in {seconds:.0f} s: {url}/health_check")


@app.command()
def delete() -> None:
    """Removes what `deploy` created, including its data."""
    stack.delete(clusters.choose(os.environ, console).kubectl)


@app.command()
def status() -> None:
    """Lists every workload and its pods, with what is not ready and why."""
    seen = Seen.now(clusters.choose(os.environ, console).kubectl)
    table = Table("workload", "restarts", "ready pods", "state")
    for workload, state in seen.states().items():
        pods = seen.pods_of(workload)
        table.add_row(workload, str(sum(map(restarts, pods))), str(sum(map(is_ready, pods))), escape(state))
    console.print(table)


@app.command()
def keep() -> None:
    """Saves logs, events and descriptions to build/cluster/kept and prints what to look at first."""
    for line in evidence.keep(clusters.choose(os.environ, console).kubectl, Path("build/cluster/kept")):
        console.print(line, markup=False, soft_wrap=True)


@app.command()
def secrets() -> None:
    """Generates the missing secrets of the overlay `kind`."""
    secret_files.write()


def entry() -> None:
    try:
        app()
    except ClusterError as error:
        sys.exit(f"soundstage: {error}")


if __name__ == "__main__":
    entry()
