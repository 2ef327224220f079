"""`make protos`: generates gen/soundstage from every .proto file, with types for mypy."""

import shutil
import sys
import tempfile
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

PROTOS = Path(__file__).parent
GENERATED = PROTOS.parent / "gen" / "soundstage"


def main() -> None:
    """Generates into a temporary folder, which replaces the old one only on success."""
    files = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.glob("soundstage/**/*.proto"))
    with tempfile.TemporaryDirectory(dir=GENERATED.parents[1]) as folder:
        plugins = ("--python_out=", "--grpc_python_out=", "--mypy_out=quiet:", "--mypy_grpc_out=quiet:")
        outputs = [f"{plugin}{folder}" for plugin in plugins]
        for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc"):
            outputs.append(f"--plugin={name}={Path(sys.executable).with_name(name)}")
        includes = [f"-I{PROTOS}", f"-I{resources.files('grpc_tools') / '_proto'}"]
        if protoc.main(["protoc", *includes, *outputs, *files]):
            sys.exit("soundstage: protoc failed; see its message above")
        generated = Path(folder) / "soundstage"
        for package in (generated, *(path for path in generated.rglob("*") if path.is_dir())):
            (package / "__init__.py").touch()
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(generated, GENERATED)


if __name__ == "__main__":
    main()
