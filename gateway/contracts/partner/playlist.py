"""An HLS playlist (RFC 8216) whose names carry their own permission, so that a player needs no header."""

import re
from collections.abc import Callable

_URI = re.compile(r'(?<=[:,]URI=")[^"]+')

Link = Callable[[str], str]


def with_links(text: str, link: Link) -> str:
    """`text` with `link` of every name in it: of the lines that are no tags, and of the tags' URI attributes."""
    return "".join(_line(line, link) for line in text.splitlines(keepends=True))


def _line(line: str, link: Link) -> str:
    name = line.strip()
    if not name:
        return line
    if name.startswith("#"):
        return _URI.sub(lambda found: link(found[0]), line)
    return line.replace(name, link(name))
