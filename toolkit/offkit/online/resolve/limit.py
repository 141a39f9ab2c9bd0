"""The end of a search. pip counts rounds, and in one of them reads all versions that a project has."""

from __future__ import annotations

from typing import Any

from offkit.online.index.upstream import reach


class Purse:
    """How many candidates several resolutions may read together; one that was read costs nothing again. And
    how many of them may be built for that."""

    def __init__(self, candidates: int, builds: int = 0) -> None:
        self._most, self._read, self._builds = candidates, set[str](), builds

    def builds(self) -> bool:
        """Whether another one may be."""
        self._builds -= 1
        return self._builds >= 0

    def pays(self, candidate: str) -> bool:
        if candidate not in self._read and len(self._read) == self._most:
            return False
        self._read.add(candidate)
        return True


class Limit:
    """What one resolution may take: so many rounds, and to read as often what a candidate requires, where
    the purse pays for it."""

    def __init__(self, rounds: int, purse: Purse) -> None:
        self.rounds, self._left, self._purse = rounds, rounds, purse

    def spend(self, candidate: str) -> None:
        """Raises what pip has for a resolution too deep."""
        self._left -= 1
        if self._left < 0 or not self._purse.pays(candidate):
            raise reach("pip._vendor.resolvelib", "ResolutionTooDeep")(self.rounds)


class Limited:
    """A provider of pip's that reads no more than that."""

    def __init__(self, provider: Any, limit: Limit) -> None:
        self._provider, self._limit = provider, limit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def get_dependencies(self, candidate: Any) -> Any:
        self._limit.spend(f"{candidate.name} {candidate.version}")
        return self._provider.get_dependencies(candidate)
