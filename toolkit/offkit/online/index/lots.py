"""Candidates of pip's that are made when somebody looks at them.

pip makes a link and a candidate of every file of a project, and judges and sorts all of them each time that
another package has a word in it; then the resolver looks at the newest few. Here the wheels of a version wait
as a lot, and what pip is to judge is versions. It does both itself, and finds what it would have found.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any


class Lot:
    """The wheels of one version on one page: those that were yanked, or those that were not."""

    __slots__ = ("_candidates", "_hear", "_make", "_rows", "version", "yanked")

    def __init__(
        self, version: Any, yanked: bool, rows: Sequence[Any], make: Callable[[Sequence[Any]], list[Any]]
    ) -> None:
        """``version`` is pip's; ``make`` gives candidates of pip's."""
        self.version, self.yanked = version, yanked
        self._rows, self._make = rows, make
        self._hear: Callable[[list[Any]], object] | None = None
        self._candidates: list[Any] | None = None

    def tell(self, hear: Callable[[list[Any]], object]) -> None:
        """Of the candidates, when they are made."""
        self._hear = hear

    @property
    def candidates(self) -> list[Any]:
        if self._candidates is None:
            self._candidates = self._make(self._rows)
            if self._hear is not None:
                self._hear(self._candidates)
        return self._candidates


class Offered(Sequence[Any]):
    """All candidates of a project, in pip's order but for those of different versions on a page."""

    def __init__(self, found: Sequence[Any]) -> None:
        """What pip's finder found, with lots in it."""
        self.found = found
        self._releases = list(_releases(found))

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(map(_candidates, self.found))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, at: Any) -> Any:
        return list(self)[at]

    def chosen(self, evaluator: Any) -> Chosen | None:
        """What a CandidateEvaluator without hashes would choose; None where it is to look at each."""
        if not all(isinstance(one, Lot) or one.link.is_wheel for one in self.found):
            return None
        releases = evaluator.get_applicable_candidates(self._releases)
        return Chosen(self, _Applicable(releases, evaluator._sort_key))


class Chosen:
    """pip's BestCandidateResult."""

    def __init__(self, all_candidates: Offered, applicable_candidates: _Applicable) -> None:
        self.all_candidates, self.applicable_candidates = all_candidates, applicable_candidates

    @property
    def best_candidate(self) -> Any | None:
        return next(reversed(self.applicable_candidates), None)

    def iter_all(self) -> Iterator[Any]:
        """As older versions of pip ask for them."""
        return iter(self.all_candidates)

    def iter_applicable(self) -> Iterator[Any]:
        """The same."""
        return iter(self.applicable_candidates)


class _Place:
    """What pip asks of a candidate's link before it compares tags."""

    is_wheel = False

    def __init__(self, is_yanked: bool) -> None:
        self.is_yanked = is_yanked

    def is_hash_allowed(self, hashes: Any) -> bool:
        return False


_YANKED, _NOT_YANKED = _Place(True), _Place(False)


class _Release:
    """All of one version, in place of its candidates."""

    def __init__(self, version: Any, link: _Place) -> None:
        self.version, self.link = version, link
        self.found: list[Any] = []
        self._sorted: list[Any] | None = None

    def by(self, key: Callable[[Any], Any]) -> list[Any]:
        if self._sorted is None:
            self._sorted = sorted(itertools.chain.from_iterable(map(_candidates, self.found)), key=key)
        return self._sorted


class _Applicable(Sequence[Any]):
    """From the worst to the best; the resolver takes them from the end."""

    def __init__(self, releases: Sequence[_Release], key: Callable[[Any], Any]) -> None:
        self._releases, self._key = releases, key

    def __iter__(self) -> Iterator[Any]:
        for one in self._releases:
            yield from one.by(self._key)

    def __reversed__(self) -> Iterator[Any]:
        for one in reversed(self._releases):
            yield from reversed(one.by(self._key))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, at: Any) -> Any:
        return list(self)[at]


def _candidates(one: Any) -> list[Any]:
    return one.candidates if isinstance(one, Lot) else [one]


def _releases(found: Iterable[Any]) -> Iterable[_Release]:
    made: dict[tuple[bool, Any], _Release] = {}
    for one in found:
        yanked = one.yanked if isinstance(one, Lot) else one.link.is_yanked
        place = _YANKED if yanked else _NOT_YANKED
        release = made.get((yanked, one.version))
        if release is None:
            release = made[yanked, one.version] = _Release(one.version, place)
        release.found.append(one)
    return made.values()
