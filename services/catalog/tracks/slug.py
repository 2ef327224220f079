"""A title as part of a permalink: any script's letters and digits, in lower case, joined by hyphens."""

from unicodedata import category, normalize

LONGEST = 80
# What a title without letters is called.
NAMELESS = "track"


def of(title: str, nameless: str = NAMELESS) -> str:
    """Never empty; in a URL it needs at most percent-encoding."""
    folded = normalize("NFKC", normalize("NFKC", title).casefold())
    kept = "".join(char if _is_kept(char) else " " for char in folded if char not in "'\u2019")
    return "-".join(kept.split())[:LONGEST].strip("-") or nameless


def _is_kept(char: str) -> bool:
    return char.isalnum() or category(char).startswith("M")
