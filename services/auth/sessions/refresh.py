"""Refresh tokens: 256 random bits, of which we store only the SHA-256.

The successor of a used token is kept for a moment, so that a lost answer costs nobody the session. It is encrypted
under a key derived from the used token's text, which we do not have: only who presents that token again can get it.
"""

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PREFIX = "rt_"
NONCE_BYTES = 12
PURPOSE = b"soundstage refresh successor v1"


def new_text() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def seal(successor: str, presented: str) -> bytes:
    """`successor`, readable only with `presented`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher(presented).encrypt(nonce, successor.encode(), None)


def unseal(sealed: bytes, presented: str) -> str | None:
    """What was sealed, or None if it was sealed with another token."""
    try:
        return _cipher(presented).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()
    except InvalidTag:
        return None


def _cipher(presented: str) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=PURPOSE).derive(presented.encode()))
