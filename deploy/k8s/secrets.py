"""The secrets of a cluster of one's own: random, made once, in a folder that git ignores."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SERVICES = ("auth", "catalog", "streaming", "audience", "marketplace", "insights")
FOLDER = Path(__file__).parent / "overlays" / "kind" / "secrets"


def write(folder: Path = FOLDER) -> None:
    """Keeps what is there, so that the stores and the next release agree. `folder`/<secret>/<file>, mode 0600."""
    postgres = _random(folder / "postgres" / "POSTGRES_PASSWORD")
    for service in SERVICES:
        password = _random(folder / "databases" / f"{service.upper()}_DATABASE_PASSWORD")
        url = f"postgresql://{service}:{password}@postgres:5432/{service}"
        _keep(folder / service / f"{service.upper()}_DATABASE_URL", url)
    _keep(folder / "databases" / "POSTGRES_PASSWORD", postgres)
    _keep(folder / "catalog" / "CATALOG_MONGODB_URL", "mongodb://mongo:27017/?directConnection=true")
    valkey = _random(folder / "valkey" / "VALKEY_PASSWORD")
    _keep(folder / "gateway" / "GATEWAY_REDIS_URL", f"redis://:{valkey}@valkey:6379/0")
    _keep(folder / "gateway" / "MEDIA_SIGNING_KEY", f"k1:{secrets.token_urlsafe(32)}")
    _keep(folder / "auth-signing-keys" / "first.pem", _signing_key())


def _random(path: Path) -> str:
    return _keep(path, secrets.token_urlsafe(32))


def _keep(path: Path, text: str) -> str:
    """What the file says; `text` if there was none. Written aside and renamed, so that no half of it stays."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.new")
        aside.unlink(missing_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        aside.rename(path)
    return path.read_text()


def _signing_key() -> str:
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )
