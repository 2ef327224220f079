"""The images as `make images` left them: each archive unpacked once, layers that are shared only once at all."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.images import archive_path
from deploy.images.archive import Archive
from tests.images.container import Container

Unpacked = Callable[[str], Container]


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    if os.geteuid() != 0:
        pytest.skip("root unpacks and mounts the images' layers")
    folder = tmp_path_factory.mktemp("images")
    folder.parent.chmod(0o755)
    made: dict[str, Container] = {}

    def unpack(deployable: str) -> Container:
        if not archive_path(deployable).exists():
            pytest.skip(f"no image of {deployable}: make images")
        if deployable not in made:
            root = folder / deployable
            root.mkdir()
            made[deployable] = Container(Archive.read(archive_path(deployable)), folder, root)
        return made[deployable]

    return unpack


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A volume that the images' user may write to."""
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o755)
    volume = tmp_path / "data"
    volume.mkdir()
    os.chown(volume, 10001, 10001)
    return volume
