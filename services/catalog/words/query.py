"""A search as tsqueries."""

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from services.catalog.words.words import Token, fold, is_known, may_err, quoted, symbols, tokens

MAX_WORDS = 12
# Of a longer run of an unspaced script, no letter may be wrong: it would be tried without each of them.
MAX_FORGIVEN_RUN = 12
# By a word, others: those that it begins, or those that it may be meant for.
Words = Mapping[str, Collection[str]]
NO_WORDS: Words = MappingProxyType({})


class Query:
    """A query as three tsqueries, from strict to forgiving. All words must match in each.

    Of symbols there are those of a query that has nothing else.
    """

    def __init__(self, text: str) -> None:
        self.folded = fold(text)
        self._tokens: list[Token] = []
        for token in tokens(text):
            if room := MAX_WORDS - sum(len(one.runs) for one in self._tokens):
                self._tokens.append(Token(token.runs[:room]))
        self._symbols = [] if self._tokens else symbols(text)[:MAX_WORDS]

    @property
    def is_empty(self) -> bool:
        return not (self._tokens or self._symbols)

    @property
    def may_err(self) -> list[str]:
        """The words to look up neighbours of."""
        return [word for word in self._words() if may_err(word)]

    @property
    def may_begin(self) -> list[str]:
        """The words to look up which words they begin."""
        return [word for word in self._words() if is_known(word)]

    @property
    def exact(self) -> str:
        return self._of(_phrase, quoted)

    @property
    def prefixed(self) -> str:
        return self.begun(NO_WORDS)

    def begun(self, begun: Words) -> str:
        """Like `prefixed`, with each prefix replaced by its words where those are known: an index finds them at
        once, where it would have to collect everything that a prefix matches."""
        return self._of(lambda run: self._prefixed(run, begun), lambda symbol: f"{quoted(symbol)}:*")

    def forgiving(self, near: Words, begun: Words = NO_WORDS) -> str:
        """Takes each word's neighbours for it."""
        return self._of(lambda run: self._forgiving(run, near, begun), lambda symbol: f"{quoted(symbol)}:*")

    def _words(self) -> list[str]:
        return [word for token in self._tokens for word in token.words]

    def _of(self, run: Callable[[list[str]], str], symbol: Callable[[str], str]) -> str:
        """All tokens, each by its parts or joined; and all symbols."""
        parts = []
        for token in self._tokens:
            if token.joined:
                parts.append(_any([_all(map(run, token.runs)), run([token.joined])]))
            else:
                parts += map(run, token.runs)
        return _all([*parts, *map(symbol, self._symbols)])

    def _prefixed(self, run: list[str], begun: Words) -> str:
        if len(run) == 1 and run[0] in begun:
            return _any(map(quoted, sorted({run[0], *begun[run[0]]})))
        # One letter is a beginning only where the typing has stopped: "a" within a query is the word "a".
        is_prefix = len(run) == 1 and (len(run[0]) > 1 or run is self._tokens[-1].runs[-1])
        return f"{quoted(run[0])}:*" if is_prefix else _phrase(run)

    def _forgiving(self, run: list[str], near: Words, begun: Words) -> str:
        options = [self._prefixed(run, begun)]
        if 2 < len(run) <= MAX_FORGIVEN_RUN:
            options += [_all(quoted(w) for j, w in enumerate(run) if j != i) for i in range(len(run))]
        elif len(run) == 1:
            options += [quoted(other) for other in sorted(near.get(run[0], ())) if other != run[0]]
        return _any(options)


def _phrase(run: list[str]) -> str:
    return "(" + " <-> ".join(map(quoted, run)) + ")"


def _all(parts: Iterable[str]) -> str:
    return "(" + " & ".join(parts) + ")"


def _any(parts: Iterable[str]) -> str:
    return "(" + " | ".join(parts) + ")"
