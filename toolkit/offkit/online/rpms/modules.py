"""Modular packages (modulemd, version 2): which streams count, and which packages do not because of them.

The rules are libdnf's (libdnf/module/ModulePackageContainer.cpp, libdnf/dnf-sack.cpp): streams that the
server has enabled or that are the default are active, with what they require; packages of other streams
do not count, nor do ordinary ones that are called as a package of an active stream, or provide its name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from offkit.media.rpm import BadRepodata
from offkit.online.rpms import engine

_START = re.compile(r"^---[^\n]*\n", re.M)
_END = re.compile(r"^\.\.\.[ \t]*$", re.M)


class Stream(NamedTuple):
    """One build of a stream of a module."""

    name: str
    stream: str
    version: int
    context: str
    requires: tuple[Mapping[str, Sequence[str]], ...]  # one of these: streams by module, () for any
    artifacts: frozenset[str]  # NAME-EPOCH:VERSION-RELEASE.ARCH
    text: str  # as it stands in modules.yaml

    @property
    def title(self) -> str:
        return f"{self.name}:{self.stream}"


class Default(NamedTuple):
    name: str
    stream: str  # "": it has profiles only
    text: str


class Modules(NamedTuple):
    streams: tuple[Stream, ...] = ()
    defaults: tuple[Default, ...] = ()


def parse(text: str) -> Modules:
    """A modules.yaml. Documents of kinds that do not matter here are left out. Raises BadRepodata."""
    yaml = engine.yaml()
    # Each scalar is a text, as to libmodulemd: a stream called 5.30 is no number.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    streams, defaults = [], []
    for part in _documents(text):
        kind = re.search(r"^document:\s*[\"']?([\w-]+)", part, re.M)
        if not kind or kind[1] not in ("modulemd", "modulemd-defaults"):
            continue
        try:
            data = yaml.load(part, loader)["data"]
            if kind[1] == "modulemd":
                streams.append(_stream(data, part))
            else:
                defaults.append(Default(str(data["module"]), str(data.get("stream", "")), part))
        except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise BadRepodata(f"modules.yaml: {type(error).__name__}: {error}") from None
    return Modules(tuple(streams), tuple(defaults))


def _documents(text: str) -> Iterator[str]:
    for part in _START.split(text if text.startswith("---") else "---\n" + text):
        body = _END.split(part)[0]
        if body.strip():
            yield body


def _stream(data: Any, text: str) -> Stream:
    either = data.get("dependencies") or ()
    requires = [
        {str(name): _streams(streams) for name, streams in (one.get("requires") or {}).items()}
        for one in ([either] if isinstance(either, dict) else either)  # version 1 had one, without a list
    ]
    return Stream(
        str(data["name"]),
        str(data["stream"]),
        int(data["version"]),
        str(data.get("context", "")),
        tuple(requires),
        frozenset(map(str, (data.get("artifacts") or {}).get("rpms") or ())),
        text,
    )


def _streams(given: Any) -> tuple[str, ...]:
    return tuple(map(str, given)) if isinstance(given, list) else (str(given),) if given else ()


def active(found: Modules, states: Mapping[str, str], platform: str) -> list[Stream]:
    """The builds that count. ``states``: stream by module as the server has it enabled, "" where the
    module is disabled; ``platform``: what modules require of the system, as el8, "" where nobody knows."""
    solv = engine.solv()
    pool = solv.Pool()
    pool.setdisttype(solv.Pool.DISTTYPE_RPM)
    pool.setarch("noarch")
    repo = pool.add_repo("modules")
    builds: dict[int, Stream] = {}
    newest = _newest(found.streams)
    for each in newest:
        if states.get(each.name, each.stream) == each.stream:  # none beside the one that is enabled
            builds[_solvable(solv, pool, repo, each)] = each
    for stream in sorted(_platforms(newest, platform)):
        made = _named(solv, pool, repo, f"platform:{stream}", "0")
        made.add_provides(pool.Dep(f"module(platform:{stream})"))
        made.add_provides(pool.Dep("module(platform)"))
    pool.createwhatprovides()
    install = solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE_PROVIDES
    wanted = {one.name: (one.stream, solv.Job.SOLVER_WEAK) for one in found.defaults if one.stream}
    wanted.update({name: (stream, 0) for name, stream in states.items()})
    wished = [
        (pool.Dep(f"module({name}:{stream})").id, weak)
        for name, (stream, weak) in sorted(wanted.items())
        if stream and any((one.name, one.stream) == (name, stream) for one in builds.values())
    ]
    solver = pool.Solver()
    if solver.solve([pool.Job(install | weak, number) for number, weak in wished]):
        # What the server has enabled contradicts itself: as much of it as can be.
        solver = pool.Solver()
        solver.solve([pool.Job(install | solv.Job.SOLVER_WEAK, number) for number, _ in wished])
    chosen = {each.id for each in solver.transaction().newsolvables()}
    return [one for number, one in builds.items() if number in chosen]


def _newest(streams: Sequence[Stream]) -> list[Stream]:
    """Of each stream and context the latest build."""
    best: dict[tuple[str, str, str], Stream] = {}
    for each in streams:
        key = each.name, each.stream, each.context
        if key not in best or best[key].version < each.version:
            best[key] = each
    return list(best.values())


def _platforms(streams: Sequence[Stream], platform: str) -> set[str]:
    """The server's; where nobody knows it, all that any stream asks for."""
    if platform:
        return {platform}
    asked = {name for one in streams for either in one.requires for name in either.get("platform", ())}
    return {name for name in asked if not name.startswith("-")}


def _named(solv: Any, pool: Any, repo: Any, name: str, version: str) -> Any:
    made = repo.add_solvable()
    made.name, made.evr, made.arch = name, version, "noarch"
    made.add_provides(pool.Dep(name).Rel(solv.REL_EQ, pool.Dep(version)))
    return made


def _solvable(solv: Any, pool: Any, repo: Any, one: Stream) -> int:
    """As libdnf makes them: it gives its module, of which there can be one."""
    made = _named(solv, pool, repo, f"{one.name}:{one.stream}:{one.context}", str(one.version))
    for text in (f"module({one.name})", f"module({one.title})"):
        made.add_provides(pool.Dep(text))
    made.add_conflicts(pool.Dep(f"module({one.name})"))
    if one.requires and all(one.requires):  # else one of the ways is to require nothing
        either = (_all(solv, pool, one_of) for one_of in one.requires)
        made.add_requires(functools.reduce(lambda whole, each: whole.Rel(solv.REL_OR, each), either))
    return int(made.id)


def _all(solv: Any, pool: Any, requires: Mapping[str, Sequence[str]]) -> Any:
    """All of them."""
    parts = []
    for name, streams in sorted(requires.items()):
        wanted = [each for each in streams if not each.startswith("-")]
        part = pool.Dep(f"module({name}:{wanted[0]})" if wanted else f"module({name})")
        for each in wanted[1:]:
            part = part.Rel(solv.REL_OR, pool.Dep(f"module({name}:{each})"))
        for each in streams:
            if each.startswith("-"):
                part = part.Rel(solv.REL_WITHOUT, pool.Dep(f"module({name}:{each[1:]})"))
        parts.append(part)
    return functools.reduce(lambda whole, each: whole.Rel(solv.REL_AND, each), parts)


class Rules(NamedTuple):
    """What streams mean for packages."""

    mine: frozenset[str]  # artifacts of active streams, which count
    others: frozenset[str]  # artifacts of the others, which do not
    names: frozenset[str]  # that ordinary packages may not have, nor provide


def rules(found: Modules, chosen: Collection[Stream]) -> Rules:
    """``chosen`` are the active builds; older ones of the same stream and context count with them."""
    counts = {(one.name, one.stream, one.context) for one in chosen}
    mine: set[str] = set()
    others: set[str] = set()
    for each in found.streams:
        (mine if (each.name, each.stream, each.context) in counts else others).update(each.artifacts)
    names = {_name(each) for each in mine if not each.endswith((".src", ".nosrc"))}
    return Rules(frozenset(mine), frozenset(others), frozenset(names))


def having(found: Modules, artifacts: Collection[str]) -> list[str]:
    """The streams that have any of these packages, as NAME:STREAM."""
    return sorted({one.title for one in found.streams if not one.artifacts.isdisjoint(artifacts)})


def _name(artifact: str) -> str:
    return artifact.rsplit("-", 2)[0]


def _meets(one: Stream, name: str, streams: Sequence[str]) -> bool:
    """Whether it is one that somebody requires: of these streams, or any but those with a minus."""
    named = [each for each in streams if not each.startswith("-")]
    return one.name == name and "-" + one.stream not in streams and (one.stream in named or not named)


def of(found: Modules, streams: Collection[Stream]) -> str:
    """The modules.yaml of a repository with packages of those builds: without it dnf takes them for none of
    a module, and refuses them. With what they require, and what the defaults are."""
    kept = {one.title: one for one in streams}
    pending = list(streams)
    builds = list(streams)
    while pending:
        needs = [need for one_of in pending.pop().requires for need in one_of.items()]
        for one in found.streams:
            if one.title not in kept and any(_meets(one, *need) for need in needs):
                kept[one.title] = one
                pending.append(one)
                builds.append(one)
    names = {one.name for one in builds}
    texts = [one.text for one in builds] + [one.text for one in found.defaults if one.name in names]
    return "".join(f"---\n{text.strip(chr(10))}\n...\n" for text in sorted(set(texts)))
