"""Made-up music: words of several scripts, drawn as unevenly as real ones, and what people type to find them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from unicodedata import combining, normalize

SEED = 20
WORDS = 12_000
# Zipf's law as Mandelbrot has it: the most frequent word is in about one title of sixteen.
SHIFT = 5
WORDS_IN_TITLE = (1, 2, 2, 3, 3, 3, 4)
EACH_KIND = 60


@dataclass(frozen=True)
class Script:
    share: float
    onsets: Sequence[str]
    vowels: Sequence[str] = ("",)
    codas: Sequence[str] = ("",)
    syllables: tuple[int, int] = (1, 3)

    def word(self, rng: random.Random) -> str:
        count = rng.randint(*self.syllables)
        return "".join(rng.choice(part) for _ in range(count) for part in (self.onsets, self.vowels, self.codas))


_LATIN = [*"bcdfghjklmnprstvwz", "br", "ch", "dr", "fl", "gr", "pr", "sh", "st", "tr"]
SCRIPTS = {
    "latin": Script(0.6, _LATIN, [*"aeiou", "ai", "ea", "oo"], ["", "", "n", "r", "s", "l", "nd"]),
    "accents": Script(0.15, _LATIN, [*"aáeéiíoóuúöüäèçñ"], ["", "", "n", "r"], (2, 3)),
    "cyrillic": Script(0.1, [*"бвгджзклмнпрстш"], [*"аеиоуыяё"], ["", "", "н", "й"], (2, 3)),
    "greek": Script(0.05, [*"βγδκλμνπρστφ"], [*"αεηιουάέίό"], ["", "", "ς"], (2, 3)),
    "hangul": Script(0.05, [chr(code) for code in range(0xAC00, 0xD7A0, 57)], syllables=(2, 4)),
    "kana": Script(
        0.03, [*"アイウエオカキクケコサシスセタチツテトナニノハヒフマミムメモヤユヨラリルレロワン"], syllables=(2, 4)
    ),
    "han": Script(0.02, [chr(code) for code in range(0x4E00, 0x4E00 + 1500, 3)], syllables=(1, 3)),
}


class Vocabulary:
    """The same words in the same order of frequency each time."""

    def __init__(self) -> None:
        self.rng = random.Random(SEED)
        self._words = [word for script in SCRIPTS.values() for word in self._of(script)]
        self.rng.shuffle(self._words)
        self._weights = list(accumulate(1 / (rank + SHIFT) for rank in range(1, len(self._words) + 1)))

    def draw(self, count: int) -> list[str]:
        return self.rng.choices(self._words, cum_weights=self._weights, k=count)

    def title(self) -> str:
        return " ".join(self.draw(self.rng.choice(WORDS_IN_TITLE))).capitalize()

    def name(self) -> str:
        """Of an artist: seldom a frequent word."""
        return " ".join(word.capitalize() for word in self.rng.sample(self._words, 2))

    def _of(self, script: Script) -> list[str]:
        words: dict[str, None] = {}
        while len(words) < WORDS * script.share:
            words[script.word(self.rng)] = None
        return list(words)


def queries(titles: Sequence[str], artists: Sequence[str]) -> dict[str, list[str]]:
    """By kind, what people type who look for one of these."""
    return {kind: [typed() for _ in range(EACH_KIND)] for kind, typed in _kinds(titles, artists).items()}


def _kinds(titles: Sequence[str], artists: Sequence[str]) -> dict[str, Callable[[], str]]:
    rng = random.Random(SEED)
    words = [word for title in titles for word in title.split()]
    plain = [word for word in words if word.isascii()]
    long = [word for word in plain if len(word) >= 5]
    accented = [word for word in words if _bare(word).isascii() and not word.isascii()]
    others = [word for word in words if not _bare(word).isascii()]
    pairs = [" ".join(title.split()[:2]) for title in titles if " " in title]
    return {
        "a word": lambda: rng.choice(plain),
        "a beginning": lambda: _begun(rng.choice(words), rng),
        "a typing error": lambda: _mistyped(rng.choice(long), rng),
        "without accents": lambda: _bare(rng.choice(accented)).upper(),
        "another script": lambda: rng.choice(others),
        "two words": lambda: rng.choice(pairs),
        "two, still typing": lambda: _cut(rng.choice(pairs)),
        "a whole title": lambda: rng.choice(titles),
        "artist and word": lambda: f"{rng.choice(artists)} {rng.choice(plain)}",
        "an artist": lambda: rng.choice(artists),
    }


def _cut(text: str) -> str:
    return text[:-1].strip()


def _begun(word: str, rng: random.Random) -> str:
    return word[: rng.randint(1, max(1, len(word) - 1))]


def _bare(text: str) -> str:
    return "".join(char for char in normalize("NFD", text) if not combining(char))


def _mistyped(word: str, rng: random.Random) -> str:
    """One letter left out, doubled, changed, or swapped with the next; never the first."""
    at = rng.randint(1, len(word) - 2)
    slips = (
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
        word[:at] + "x" + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    )
    return rng.choice(slips)
