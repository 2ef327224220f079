"""Discovery in front of what `examples` holds."""

import pytest

from tests.contract.conftest import Public
from tests.contract.discovery.examples import ANSWERS, AUDIO, TRACK


def keep(public: Public, name: str, content: bytes) -> None:
    """An object in the store."""
    file = public.storage / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


@pytest.fixture
def discovery(public: Public) -> Public:
    keep(public, TRACK.progressive_object, AUDIO)
    for method, reply in ANSWERS.items():
        public.services.on(method, reply)
    return public
