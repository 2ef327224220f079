"""The signing keys: Ed25519 private keys as files `<kid>.pem` in one directory.

At most two are live, so that tokens signed before a rotation stay good until they expire. Every process of auth reads
the same directory, or a copy that follows it (in Kubernetes a mounted secret): a new key is published at once and
signs once all have it.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from chassis import clock, telemetry
from chassis.errors import Conflict, Unavailable

SUFFIX = ".pem"
LIVE = 2
# The longest life of a token: all tokens of an older key have expired.
MIN_AGE = timedelta(hours=24)
# Each kubelet syncs a changed secret in its own time, within two minutes.
SPREAD = timedelta(minutes=5)
STAMP = "%Y%m%dT%H%M%SZ"
UNSTAMPED = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SigningKey:
    id: str
    private: Ed25519PrivateKey

    def as_jwk(self) -> dict[str, str]:
        """The public half, RFC 8037."""
        jwk = OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "kid": self.id, "use": "sig", "alg": "EdDSA"}


class Keys:
    def __init__(self, directory: Path, now: Callable[[], datetime] = clock.utc_now) -> None:
        self._directory = directory
        self._now = now
        self._names: list[str] = []
        self._live: list[SigningKey] = []

    def live(self) -> list[SigningKey]:
        """The keys in use, newest first. Raises Unavailable while there is none: `migrate` creates the first."""
        try:
            paths = self._paths()[:LIVE]
            names = [path.name for path in paths]
            if names != self._names:
                self._live, self._names = [_read(path) for path in paths], names
                _tell_age(paths)
        except OSError as fault:
            raise Unavailable("The signing keys cannot be read.", retry_after_seconds=1) from fault
        if not self._live:
            raise Unavailable("There is no signing key yet.", retry_after_seconds=1)
        return self._live

    def signing(self) -> SigningKey:
        """The newest key that every process has had time to publish, else the oldest."""
        live = self.live()
        return next((key for key in live if self._now() - _made_at(key.id) >= SPREAD), live[-1])

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        return {"keys": [key.as_jwk() for key in self.live()]}

    def ensure(self) -> None:
        """Creates the first key if there is none."""
        with self._writable():
            if not self._paths():
                self._add()

    def rotate(self, *, at_once: bool = False) -> str:
        """Adds a key and drops all but the previous one, with `at_once` that too. Returns the new key's id.

        Conflict when the last rotation is younger than the tokens of the key before, unless `at_once`.
        """
        with self._writable():
            paths = self._paths()
            if len(paths) >= LIVE and not at_once and self._now() - _made_at(paths[0].stem) < MIN_AGE:
                raise Conflict("Rotated less than 24 hours ago: tokens of the previous key are still in use.")
            kid = self._add()
            for path in self._paths()[1 if at_once else LIVE :]:
                path.unlink(missing_ok=True)
        return kid

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            yield
        except OSError as fault:
            raise Unavailable(f"Cannot keep signing keys in {self._directory}: {fault.strerror}.") from fault

    def _paths(self) -> list[Path]:
        return sorted((p for p in self._directory.iterdir() if p.suffix == SUFFIX), key=lambda p: p.name, reverse=True)

    def _add(self) -> str:
        kid = f"{self._now().strftime(STAMP)}-{secrets.token_hex(4)}"
        text = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        # Written under another name and renamed, so that no reader sees half a key.
        aside = self._directory / f".{kid}.new"
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self._directory / f"{kid}{SUFFIX}")
        return kid


def _read(path: Path) -> SigningKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise RuntimeError(f"{path.name} holds no Ed25519 key")
    return SigningKey(path.stem, key)


def _tell_age(paths: list[Path]) -> None:
    if paths and (made_at := _made_at(paths[0].stem)) != UNSTAMPED:
        telemetry.SIGNING_KEY_MADE.set(made_at.timestamp())


def _made_at(kid: str) -> datetime:
    """An operator's own key may have any name; it then counts as old."""
    try:
        return datetime.strptime(kid.partition("-")[0] + "+0000", STAMP + "%z")
    except ValueError:
        return UNSTAMPED
