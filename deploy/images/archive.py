"""The contents of an archive from `docker save` or `buildah push`, and its size in a registry."""

import json
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deploy.images import ARCHIVES

_SIZES = ARCHIVES / "layers.json"  # by digest, so that a layer is compressed once
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Archive:
    path: Path
    tags: list[str]
    config: dict[str, Any]
    config_name: str
    layers: dict[str, str]  # digest of the uncompressed layer: its name in the archive, lowest first

    @classmethod
    def read(cls, path: Path) -> "Archive":
        with tarfile.open(path) as tar:
            manifest = json.load(_member(tar, "manifest.json"))[0]
            config = json.load(_member(tar, manifest["Config"]))
        layers = dict(zip(config["rootfs"]["diff_ids"], manifest["Layers"], strict=True))
        return cls(path, manifest["RepoTags"], config, manifest["Config"], layers)

    def compressed_bytes(self) -> int:
        known: dict[str, int] = json.loads(_SIZES.read_text()) if _SIZES.exists() else {}
        missing = [digest for digest in self.layers if digest not in known]
        if missing:
            with tarfile.open(self.path) as tar:
                known |= {digest: _compressed(_member(tar, self.layers[digest])) for digest in missing}
            _SIZES.write_text(json.dumps(known))
        return sum(known[digest] for digest in self.layers)

    def unpack(self, digest: str, folder: Path) -> None:
        """Extracts one layer, with owners and modes (as root)."""
        with tarfile.open(self.path) as tar, tarfile.open(fileobj=_member(tar, self.layers[digest])) as layer:
            layer.extractall(folder, filter="fully_trusted")


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    file = tar.extractfile(name)
    assert file is not None, f"{name} is not a file"
    return file


def _compressed(file: IO[bytes]) -> int:
    packer, size = zlib.compressobj(wbits=31), 0
    while chunk := file.read(_CHUNK):
        size += len(packer.compress(chunk))
    return size + len(packer.flush())
