"""How search reads text: folded, cut into words, compared with forgiveness.

All of it happens here and none in Postgres, whose parser and trigrams depend on the locale a database was made with (in
"C", common on Kubernetes, they drop every letter that is not ASCII).
"""

import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from unicodedata import category, combining, normalize

from rapidfuzz.distance import OSA

MAX_WORD_LENGTH = 24
MAX_KEPT = 4096
# Anything shorter is a prefix of too many words, and close to too many.
MIN_KNOWN = 4
# Of so many first letters some may be missing: at most 16 digests a word, where the whole of it would make 300.
DIGESTED = 5
# Letters that carry their stroke or ligature without decomposing.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "\u0131": "i", "ŧ": "t"}
)
# Scripts written without spaces: every letter is a word, and letters side by side are a phrase.
_UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF),
)  # fmt: skip
# What people type for an apostrophe.
_IN_WORD = "'"
_AS_TYPED = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'") | {"\x00": " "})  # Postgres takes no NUL
# Between the parts of initials and compounds, which are also one word: AC/DC, N.W.A, Jay-Z.
_JOINERS = "./-\u2010\u2013"


def fold(text: str) -> str:
    """Without case, accents and doubled spaces: what must be equal for a whole text to match."""
    decomposed = normalize("NFKD", normalize("NFKD", _clean(text)).casefold()).translate(_PLAIN)
    return " ".join("".join(c for c in decomposed if not _is_accent(c)).split())


def key(text: str) -> str:
    """Compared whole, without regard to case."""
    return normalize("NFKC", _clean(text)).casefold().strip()


@dataclass(slots=True)
class Token:
    """What stands between two spaces: runs of letters for an unspaced script, of one word for any other."""

    runs: list[list[str]] = field(default_factory=list)

    @property
    def joined(self) -> str:
        """Its parts as one word; empty if it has a single part."""
        if len(self.runs) < 2 or any(len(run) > 1 or _is_unspaced(run[0][0]) for run in self.runs):
            return ""
        return "".join(run[0] for run in self.runs)[:MAX_WORD_LENGTH]

    @property
    def words(self) -> list[str]:
        """Those of spaced scripts, alone and joined."""
        alone = [run[0] for run in self.runs if len(run) == 1]
        return [*alone, self.joined] if self.joined else alone


# A text is split for its row and for the vocabulary, and names of artists come again and again.
@lru_cache(MAX_KEPT)
def tokens(text: str) -> list[Token]:
    """The words of a text, parts of one token together. Cached, so do not modify it."""
    found: list[Token] = []
    is_open = is_joined = False
    for char in fold(text):
        if char in _IN_WORD:
            continue
        is_mark = category(char).startswith("M")
        if is_mark and is_open:
            found[-1].runs[-1][-1] += char
        elif not char.isalnum():
            is_open, is_joined = False, char in _JOINERS and (is_open or is_joined)
        elif is_open and _is_unspaced(char) == _is_unspaced(found[-1].runs[-1][0][0]):
            _extend(found[-1].runs[-1], char)
        else:
            if not (is_open or is_joined):
                found.append(Token())
            found[-1].runs.append([char])
            is_open, is_joined = True, False
    for token in found:
        token.runs = [[word[:MAX_WORD_LENGTH] for word in run] for run in token.runs]
    return found


def split(text: str) -> list[list[str]]:
    """The words of a text; a word of an unspaced script is a run of letters, any other word a run of one."""
    return [run for token in tokens(text) for run in token.runs]


def symbols(text: str) -> list[str]:
    """What stands between spaces without a letter or digit: the whole of some titles, such as "÷" and "???"."""
    found = ("".join(filter(_is_shown, part)) for part in fold(text).split() if not any(map(str.isalnum, part)))
    return [symbol[:MAX_WORD_LENGTH] for symbol in found if symbol]


def vector(*weighted: tuple[str, str]) -> str:
    """A tsvector's text from (text, weight A to D) pairs; the gap keeps phrases from reaching over two texts."""
    entries, place = [], 0
    for text, weight in weighted:
        for token in tokens(text):
            for run in token.runs:
                for word in run:
                    place += 1
                    entries.append(f"{quoted(word)}:{min(place, 16_000)}{weight}")
            if joined := token.joined:
                entries.append(f"{quoted(joined)}:{min(place, 16_000)}{weight}")
        entries += [f"{quoted(symbol)}:{min(place + 1, 16_000)}{weight}" for symbol in symbols(text)]
        place += 5
    return " ".join(entries)


def quoted(word: str) -> str:
    """As a tsvector or tsquery takes it."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def vocabulary(*texts: str) -> set[str]:
    """The words of these texts that are worth knowing: by their beginning, or by a typing error in them."""
    return {word for text in texts for token in tokens(text) for word in token.words if is_known(word)}


def near(word: str) -> list[int]:
    """Digests of a word's beginning and of what is left of it when letters are missing: at most 16.

    Words that are near each other share one. Of a word that no typing error is forgiven in, its own alone.

    The symmetric deletes of SymSpell (Garbe 2012), of a prefix. Digests may collide, so `is_near` has the last word.
    """
    if not may_err(word):
        return [digest(word)]
    begun, missing = word[:DIGESTED], 2 if len(word) >= 6 else 1
    lefts = {
        "".join(letter for place, letter in enumerate(begun) if place not in gone)
        for count in range(missing + 1)
        for gone in map(set, combinations(range(len(begun)), count))
    }
    return sorted({digest(left) for left in lefts})


def digest(left: str) -> int:
    return zlib.crc32(left.encode()) - 2**31


def slips(word: str, other: str) -> int | None:
    """How many slips make `word` of `other`; None if they are too many: one is from four letters on, two from eight on.

    A slip is a letter added, left out, changed or swapped with its neighbour (optimal string alignment).
    """
    if len(word) < 6 and word[0] != other[0]:
        return None
    most = 2 if len(word) >= 8 else 1
    count = OSA.distance(word, other, score_cutoff=most)
    return count if count <= most else None


def is_known(word: str) -> bool:
    return len(word) >= MIN_KNOWN and not _is_unspaced(word[0])


def may_err(word: str) -> bool:
    """Whether a slip in it is forgiven."""
    return is_known(word) and not any(letter.isdigit() for letter in word)


def _clean(text: str) -> str:
    return text.translate(_AS_TYPED)


def _extend(run: list[str], char: str) -> None:
    if _is_unspaced(char):
        run.append(char)
    else:
        run[-1] += char


def _is_accent(char: str) -> bool:
    """Marks above and below letters, Hebrew points, Arabic vowels; not the marks that make another letter of it."""
    above = combining(char)
    return above >= 200 or 10 <= above <= 35


def _is_unspaced(char: str) -> bool:
    return char >= "\u0e00" and any(first <= ord(char) <= last for first, last in _UNSPACED)


def _is_shown(char: str) -> bool:
    """Not one of the marks that join or vary emoji."""
    return category(char) not in ("Cf", "Cc", "Mn")
