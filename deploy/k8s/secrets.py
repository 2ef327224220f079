"""The secrets of a private cluster: random, generated once, in a folder that git ignores."""

import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.home import write_secret
from deploy.local.ports import SERVICES

FOLDER = Path(__file__).parent / "overlays" / "kind" / "secrets"


def write(folder: Path = FOLDER) -> None:
    """Writes missing files as `folder`/<secret>/<file>, mode 0600. Existing ones stay, because the stores use them."""
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
    """Writes the file if it is missing; returns its content."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, text)
    return path.read_text()


def _signing_key() -> str:
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )
