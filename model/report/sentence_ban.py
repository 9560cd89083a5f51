"""Sentences that a row must not write, as a rule on the next token."""

from collections.abc import Iterable, Sequence


class SentenceBan:
    """Forbids the token at which a banned sentence parts from all allowed ones, so that no stump is left behind.

    banned, allowed: token ids of sentences, without separators. A wording outside both lists stays possible.
    """

    def __init__(self, banned: Iterable[Sequence[int]], allowed: Iterable[Sequence[int]]) -> None:
        kept = {tuple(sentence[:end]) for sentence in allowed for end in range(len(sentence) + 1)}
        self._next: dict[tuple[int, ...], set[int]] = {}
        for sentence in banned:
            for end in range(1, len(sentence) + 1):
                if tuple(sentence[:end]) not in kept:
                    self._next.setdefault(tuple(sentence[: end - 1]), set()).add(sentence[end - 1])

    def next_tokens(self, tokens: Sequence[int], sep: int) -> tuple[int, ...]:
        """Ids that must not follow a text, given its tokens so far."""
        begun = len(tokens) - next((back for back, token in enumerate(reversed(tokens)) if token == sep), len(tokens))
        return tuple(sorted(self._next.get(tuple(tokens[begun:]), ())))
