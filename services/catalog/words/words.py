"""How search reads text: folded, cut into words, compared with forgiveness.

All of it happens here and none in Postgres, whose parser and trigrams depend on the locale a database was made with (in
"C", common on Kubernetes, they drop every letter that is not ASCII).
"""

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations
from types import MappingProxyType
from unicodedata import category, combining, normalize

MAX_WORDS = 12
MAX_WORD_LENGTH = 24
MAX_KEPT = 4096
# Anything shorter is a prefix of too many words, and close to too many.
MIN_KNOWN = 4
# By prefix, the words that have it.
Begun = Mapping[str, Collection[str]]
NOTHING_KNOWN: Begun = MappingProxyType({})
# Letters that carry their stroke or ligature without decomposing.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "\u0131": "i", "ŧ": "t"}
)
# Scripts written without spaces: every letter is a word, and letters side by side are a phrase.
_UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF),
)  # fmt: skip
# Apostrophes of three kinds.
_IN_WORD = "'\u2019\u02bc"


def fold(text: str) -> str:
    """Without case, accents and doubled spaces: what must be equal for a whole text to match."""
    decomposed = normalize("NFKD", normalize("NFKD", _clean(text)).casefold()).translate(_PLAIN)
    return " ".join("".join(c for c in decomposed if not _is_accent(c)).split())


def key(text: str) -> str:
    """Compared whole, without regard to case."""
    return normalize("NFKC", _clean(text)).casefold().strip()


# A text is split for its row and for the vocabulary, and names of artists come again and again.
@lru_cache(MAX_KEPT)
def split(text: str) -> list[list[str]]:
    """The words of a text; a word of an unspaced script is a run of letters, any other word a run of one.

    Cached, so do not modify it.
    """
    runs: list[list[str]] = []
    is_open = False
    for char in fold(text):
        if char in _IN_WORD:
            continue
        is_mark = category(char).startswith("M")
        if is_mark and is_open:
            runs[-1][-1] += char
        elif not char.isalnum():
            is_open = False
        elif is_open and _is_unspaced(char) == _is_unspaced(runs[-1][0][0]):
            _extend(runs[-1], char)
        else:
            runs.append([char])
            is_open = True
    return [[word[:MAX_WORD_LENGTH] for word in run] for run in runs]


def vector(*weighted: tuple[str, str]) -> str:
    """A tsvector's text from (text, weight A to D) pairs; the gap keeps phrases from reaching over two texts."""
    entries, place = [], 0
    for text, weight in weighted:
        for run in split(text):
            for word in run:
                place += 1
                entries.append(f"'{word}':{min(place, 16_000)}{weight}")
        place += 5
    return " ".join(entries)


def vocabulary(*texts: str) -> set[str]:
    """The words of these texts that are worth knowing: by their beginning, or by a typing error in them."""
    return {run[0] for text in texts for run in split(text) if len(run) == 1 and _is_known(run[0])}


def near(word: str) -> list[int]:
    """Digests of a word and of what is left when letters are missing; two words near each other share one.

    Of a word that no typing error is forgiven in, its own alone.

    The symmetric deletes of SymSpell (Garbe 2012). Digests may collide, so `distance` has the last word.
    """
    if not _may_err(word):
        return [digest(word)]
    missing = 2 if len(word) >= 6 else 1
    lefts = {
        "".join(letter for place, letter in enumerate(word) if place not in gone)
        for count in range(missing + 1)
        for gone in map(set, combinations(range(len(word)), count))
    }
    return sorted({digest(left) for left in lefts})


def digest(left: str) -> int:
    return zlib.crc32(left.encode()) - 2**31


def is_near(word: str, other: str) -> bool:
    """Whether `other` may be meant by `word`: one slip from four letters on, two from eight on."""
    if len(word) < 6 and word[0] != other[0]:
        return False
    return distance(word, other) <= (2 if len(word) >= 8 else 1)


def distance(a: str, b: str) -> int:
    """Letters added, left out, changed or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    above = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return above[-1]


class Query:
    """A query as three tsqueries, from strict to forgiving. All words must match in each."""

    def __init__(self, text: str) -> None:
        self.folded = fold(text)
        self.runs = split(text)[:MAX_WORDS]

    @property
    def is_empty(self) -> bool:
        return not self.runs

    @property
    def may_err(self) -> list[str]:
        """The words to look up neighbours of."""
        return [run[0] for run in self.runs if len(run) == 1 and _may_err(run[0])]

    @property
    def may_begin(self) -> list[str]:
        """The words to look up which words they begin."""
        return [run[0] for run in self.runs if len(run) == 1 and _is_known(run[0])]

    @property
    def exact(self) -> str:
        return _all(_phrase(run) for run in self.runs)

    @property
    def prefixed(self) -> str:
        return self.begun(NOTHING_KNOWN)

    def begun(self, begun: Begun) -> str:
        """Like `prefixed`, with each prefix replaced by its words where those are known: an index finds them at
        once, where it would have to collect everything that a prefix matches."""
        return _all(self._prefixed(place, run, begun) for place, run in enumerate(self.runs))

    def forgiving(self, known: Iterable[str], begun: Begun = NOTHING_KNOWN) -> str:
        """Takes each word's neighbours among the `known` words for it."""
        words = sorted(set(known))
        return _all(self._forgiving(place, run, words, begun) for place, run in enumerate(self.runs))

    def _prefixed(self, place: int, run: list[str], begun: Begun) -> str:
        if len(run) == 1 and run[0] in begun:
            return _any(f"'{word}'" for word in sorted({run[0], *begun[run[0]]}))
        # One letter is a beginning only where the typing has stopped: "a" within a query is the word "a".
        is_prefix = len(run) == 1 and (len(run[0]) > 1 or place == len(self.runs) - 1)
        return f"'{run[0]}':*" if is_prefix else _phrase(run)

    def _forgiving(self, place: int, run: list[str], known: list[str], begun: Begun) -> str:
        options = [self._prefixed(place, run, begun)]
        if len(run) > 2:
            options += [_all(f"'{w}'" for j, w in enumerate(run) if j != i) for i in range(len(run))]
        elif len(run) == 1 and _may_err(run[0]):
            options += [f"'{other}'" for other in known if other != run[0] and is_near(run[0], other)]
        return _any(options)


def _clean(text: str) -> str:
    """Postgres takes no NUL."""
    return text.replace("\x00", " ")


def _extend(run: list[str], char: str) -> None:
    if _is_unspaced(char):
        run.append(char)
    else:
        run[-1] += char


def _phrase(run: list[str]) -> str:
    return "(" + " <-> ".join(f"'{word}'" for word in run) + ")"


def _all(parts: Iterator[str] | Iterable[str]) -> str:
    return "(" + " & ".join(parts) + ")"


def _any(parts: Iterable[str]) -> str:
    return "(" + " | ".join(parts) + ")"


def _is_known(word: str) -> bool:
    return len(word) >= MIN_KNOWN and not _is_unspaced(word[0])


def _may_err(word: str) -> bool:
    return _is_known(word) and not any(letter.isdigit() for letter in word)


def _is_accent(char: str) -> bool:
    """Marks above and below letters, Hebrew points, Arabic vowels; not the marks that make another letter of it."""
    above = combining(char)
    return above >= 200 or 10 <= above <= 35


def _is_unspaced(char: str) -> bool:
    return char >= "\u0e00" and any(first <= ord(char) <= last for first, last in _UNSPACED)
