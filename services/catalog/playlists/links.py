"""Tokens of share links: unguessable, and kept by digest alone.

A token comes of a random salt and the caller's idempotency key, so that a repeat within a day gets the same one though
only the salt was kept; without a key the salt is forgotten.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import digest as hmac
from secrets import token_bytes

SALT_BYTES = 32


def new_salt() -> bytes:
    return token_bytes(SALT_BYTES)


def token(idempotency_key: str, salt: bytes) -> str:
    return urlsafe_b64encode(hmac(salt, idempotency_key.encode(), "sha256")).rstrip(b"=").decode()


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
