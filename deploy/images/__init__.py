"""`make images`: builds the image of every deployable, saves it as an archive and measures it."""

from pathlib import Path

from deploy.local.ports import SERVICES as SERVICES

ROOT = Path(__file__).parents[2]
ARCHIVES = ROOT / "build" / "images"
DEPLOYABLES = (*SERVICES, "gateway", "backing")
# MB as a registry stores them: the sum of the compressed layers.
LIMITS = dict.fromkeys(DEPLOYABLES, 180) | {"streaming": 260, "backing": 320}


def version() -> str:
    return (ROOT / "VERSION").read_text().strip()


def tag(deployable: str) -> str:
    return f"soundstage/{deployable}:{version()}"


def archive_path(deployable: str) -> Path:
    return ARCHIVES / f"{deployable}.tar"
