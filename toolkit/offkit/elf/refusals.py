"""Why the loader gives up though every library is found: what files are, and which symbols they want.

Which glibc refuses what is in repo-config/glibc-refusals.csv, each rule with its source. A module is opened
with RTLD_NOW by CPython and by ctypes, so every function that it and its libraries want is looked up; of a
program that is started, and of its libraries, only data and what says BIND_NOW.
"""

import csv
from typing import AbstractSet, Dict, Iterator, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.elf.reader import ET_EXEC, Elf, glibc
from offkit.elf.resolution import ALIGNMENT, EXECUTABLE, STACK, STATIC_TLS, SYMBOL, Mapped, Refusal, View

TABLE = "repo-config/glibc-refusals.csv"
_AARCH64 = 183
_X86 = (3, 62)  # e_machine where a file without PT_GNU_STACK wants an executable stack
_MOST_ALIGNMENT = 63  # bytes that the reserve may have beyond what it is asked to have (TCB_ALIGNMENT)


class Rule(NamedTuple):
    name: str
    since: Tuple[int, int]  # the first glibc that has it
    until: Optional[Tuple[int, int]]  # the first that has it no longer
    value: int


Rules = Tuple[Rule, ...]


def parse(text: str) -> Rules:
    """The table. Raises KeyError or ValueError on a malformed line."""
    return tuple(
        Rule(
            row["rule"],
            _pair(row["since"]) or (0, 0),
            _pair(row["until"]),
            int(row["value"] or 0),
        )
        for row in csv.DictReader(text.splitlines())
    )


def _pair(text: str) -> Optional[Tuple[int, int]]:
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if text else None


class Process:
    """What one program can load besides itself; ``main`` is that program."""

    def __init__(self, rules: Rules, view: View, main: Mapped, libc: Optional[Elf]) -> None:
        version = max([glibc(each) for each in libc.defines] or [(0, 0)]) if libc is not None else (0, 0)
        self._rules = {
            rule.name: rule
            for rule in rules
            if version >= rule.since and not (rule.until and version >= rule.until)
        }
        self._view, self._main = view, main
        self._scope: Sequence[str] = ()
        self._wanted: Dict[Tuple[str, Tuple[str, ...]], AbstractSet[bytes]] = {}  # by identity
        self._there: Set[bytes] = set()  # names that the global scope was seen to have
        self._names: Dict[bytes, bytes] = {}  # all others: thousands of files want the same

    def started(self, fresh: Sequence[Mapped], scope: Sequence[str], whole: bool) -> Tuple[Refusal, ...]:
        """Of the program and what it needs; ``scope`` is where all symbols are looked up first. ``whole``:
        nothing is missing, else nobody can say which symbols are."""
        self._scope = scope if whole else ()
        found = [refusal for each in fresh[1:] for refusal in self._kind(each, False)]
        return tuple(found or (refusal for each in fresh for refusal in self._symbols(each, (), False)))

    def opened(self, fresh: Sequence[Mapped], scope: Sequence[str], whole: bool) -> Tuple[Refusal, ...]:
        """The same of a module; ``scope`` is its own."""
        found = [refusal for each in fresh for refusal in self._kind(each, True)]
        found += self._static_tls(fresh)
        if found or not whole:
            return tuple(found)
        return tuple(refusal for each in fresh for refusal in self._symbols(each, scope, True))

    def _kind(self, each: Mapped, opened: bool) -> Iterator[Refusal]:
        elf = each.elf
        if elf.kind == ET_EXEC and opened and "executable" in self._rules:
            yield Refusal(EXECUTABLE, each.path, "is a program, not a library")
        elif elf.pie and "pie" in self._rules:
            yield Refusal(EXECUTABLE, each.path, "is a program (PIE), not a library")
        elif elf.noopen and opened and "noopen" in self._rules:
            yield Refusal(EXECUTABLE, each.path, "says that it may not be opened (DF_1_NOOPEN)")
        if opened and "stack" in self._rules and _wants_stack(elf) and not _wants_stack(self._main.elf):
            yield Refusal(STACK, each.path, "wants an executable stack")
        why = self._misaligned(elf)
        if why:
            yield Refusal(ALIGNMENT, each.path, "a part of it {} (PT_LOAD)".format(why))

    def _misaligned(self, elf: Elf) -> str:
        """Why a segment of it cannot be mapped where it wants to be, "" when all can. Before 2.35 the loader
        goes by what the file says of its alignment, since then by the size of a page alone."""
        strict, page = self._rules.get("alignment"), self._rules.get("page")
        for skew, alignment in elf.loads:
            if strict and alignment & (strict.value - 1):
                return "wants an alignment of {} bytes, which is no multiple of a page".format(alignment)
            if strict and skew & (alignment - 1):
                return "lies in the file where its own alignment of {} bytes does not hold".format(alignment)
            if page and skew & (page.value - 1):
                return "lies in the file where no page can begin"
        return ""

    def _static_tls(self, fresh: Sequence[Mapped]) -> Iterator[Refusal]:
        kept, used = self.kept(), 0
        for each in fresh:
            used += each.elf.tls[0] if each.elf.static_tls else 0
            if kept and each.elf.static_tls and used > kept + _MOST_ALIGNMENT:
                detail = "wants {} bytes of static TLS, and the loader keeps {}".format(used, kept)
                whole = sum(one.elf.tls[0] for one in fresh if one.elf.static_tls)
                yield Refusal(STATIC_TLS, each.path, detail, size=whole)
                return

    def kept(self) -> int:
        """Bytes of static TLS for all that is opened; 0 where that is not known."""
        rule = self._rules.get("static-tls")
        return rule.value if rule is not None else 0

    def room(self, elf: Elf) -> int:
        """Bytes of it that such a file takes of what is kept, or may take."""
        shared = elf.machine == _AARCH64 and "static-tls-shared" in self._rules and elf.tls[0] <= self.kept()
        return elf.tls[0] if elf.static_tls or shared else 0

    @property
    def tunable(self) -> bool:
        """Whether GLIBC_TUNABLES can make that more."""
        return "static-tls-tunable" in self._rules

    def _symbols(self, each: Mapped, scope: Sequence[str], opened: bool) -> Iterator[Refusal]:
        lacking = self.lacking(each, scope, opened)
        if not lacking:
            return
        asked_for = self._view.symbols(each.identity).at_once(lacking, each.bare)
        for certain in (True, False):
            names = [
                name.decode("utf-8", "replace")
                for name, at_once in asked_for.items()
                if (at_once or opened or each.elf.bind_now) == certain
            ]
            if names:
                yield Refusal(SYMBOL, each.path, "", tuple(names), certain)

    def lacking(self, each: Mapped, scope: Sequence[str], opened: bool) -> AbstractSet[bytes]:
        """What a file wants that nothing defines of what is loaded with it; as ``opened``."""
        symbols = self._view.symbols(each.identity)
        if symbols is None or not self._scope:
            return set()
        key = each.identity, each.bare
        wanted = self._wanted.get(key)
        if wanted is None:
            wanted = symbols.wanted(each.bare) - self._there
            if not opened or scope[0] != each.identity:  # others may need it too
                wanted = frozenset(map(self._names.setdefault, wanted, wanted))
                self._wanted[key] = wanted
        others = [name for name in scope if name != each.identity and name not in self._scope]
        lacking = self._lacking(wanted, others)
        if lacking and each.bare:  # what is wanted with a version may be found with that, though not without
            plain = lacking & symbols.wanted()
            for identity in (*others, *self._scope):
                lacking -= self._view.symbols(identity).having(lacking - plain, True)
        return lacking

    def _lacking(self, names: AbstractSet[bytes], scope: Sequence[str]) -> AbstractSet[bytes]:
        """Those that neither the global scope has nor this one. What was seen before comes first."""
        rest = names - self._there
        for identity in scope:
            rest = self._view.symbols(identity).less(rest)
        # Most of the others are Python's own, or of what a module brings along.
        for identity in (*self._scope[:1], *scope, *self._scope[1:]):
            if not rest:
                break
            left = self._view.symbols(identity).lacks(rest)
            if identity in self._scope:
                self._there |= rest - left
            rest = left
        return rest


def _wants_stack(elf: Elf) -> bool:
    return elf.stack if elf.stack is not None else elf.machine in _X86
