"""`make demo`: a tour of the running gateway that checks at the end whether every figure is right."""

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
    """`--file` or FILE: any audio file; `--url`: another gateway than the one on PORT. Raises LocalError."""
    options = _options(args)
    screen = Screen(Console(highlight=False))
    file = options.file and tune.existing(Path(options.file))
    try:
        with TemporaryDirectory(prefix="soundstage-demo-") as folder, Gateway(options.url, screen) as gateway:
            gateway.require_ready()
            differing = story.run(gateway, screen, Path(folder), file or None)
    except KeyboardInterrupt:
        raise LocalError("the demo was interrupted") from None
    if differing:
        raise LocalError(f"figures differ from what was sent: {'; '.join(map(str, differing))}")


def _options(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local demo", description=__doc__)
    parser.add_argument("--file", default=os.environ.get("FILE", ""), help="an audio file (default: a generated tune)")
    parser.add_argument("--url", default="", help="the gateway (default: this machine, on PORT or 8080)")
    options = parser.parse_args(args)
    options.url = options.url or f"http://127.0.0.1:{Ports.read(os.environ).gateway}"
    return options
