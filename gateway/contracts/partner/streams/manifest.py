"""HLS manifests (RFC 8216) whose names are signed links, so that a player needs no header."""

import re
from collections.abc import Callable

_URI = re.compile(r'(?<=[:,]URI=")[^"]+')

Link = Callable[[str], str]


def with_links(text: str, link: Link) -> str:
    """`text` with `link(name)` for every name: lines that are not tags, and the URI attributes of tags."""
    return "".join(_line(line, link) for line in text.splitlines(keepends=True))


def _line(line: str, link: Link) -> str:
    name = line.strip()
    if not name:
        return line
    if name.startswith("#"):
        return _URI.sub(lambda found: link(found[0]), line)
    return line.replace(name, link(name))
