"""`make demo`: a stranger's tour of the running gateway, which checks at the end that every number is right."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from deploy.local.demo import story, tune
from deploy.local.demo.gateway import Gateway
from deploy.local.demo.screen import Screen
from deploy.local.errors import LocalError
from deploy.local.ports import Ports


def main(args: Sequence[str]) -> None:
    """`--file`, or FILE: any audio file; `--url`: another gateway than that of PORT. Raises LocalError."""
    asked = _asked(args)
    screen = Screen(Console(highlight=False))
    file = asked.file and tune.existing(Path(asked.file))
    try:
        with TemporaryDirectory(prefix="soundstage-demo-") as folder, Gateway(asked.url, screen) as gateway:
            gateway.greet()
            differing = story.tell(gateway, screen, Path(folder), file or None)
    except KeyboardInterrupt:
        raise LocalError("the demo was interrupted") from None
    if differing:
        raise LocalError(f"not what was sent: {'; '.join(figure.said for figure in differing)}")


def _asked(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local demo", description=__doc__)
    parser.add_argument("--file", default=os.environ.get("FILE", ""), help="an audio file; without one a tune is made")
    parser.add_argument("--url", default="", help="the gateway (default: PORT of this machine, or 8080)")
    asked = parser.parse_args(args)
    asked.url = asked.url or f"http://127.0.0.1:{Ports.read(os.environ).gateway}"
    return asked
