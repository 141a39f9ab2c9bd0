"""Which servers and Pythons a wheel is for, by its tags: to say why none of them fits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from offkit.model.tags import LEGACY
from offkit.model.target import NEWEST, OLDEST, Target
from offkit.online.index.listing import Listed

# What others than Linux call themselves in a tag (PEP 425, 730, 738, 783), and people call them.
_SYSTEMS = {
    "win": "Windows",
    "macosx": "macOS",
    "ios": "iOS",
    "android": "Android",
    "musllinux": "musl (Alpine)",
    "pyodide": "WebAssembly",
    "emscripten": "WebAssembly",
    "freebsd": "FreeBSD",
}
# Those that a marker tells (PEP 508), as sys.platform has them there.
_MARKED = {"Windows": "win32", "macOS": "darwin"}
_GLIBC = {name: glibc for glibc, name in LEGACY.items()}
_SOME = ("its wheels", " for this system", "are", "need")
_ONE = ("it", "", "is", "needs")


class Unfit(NamedTuple):
    """Why no wheel fits: the words, and what else might do."""

    text: str
    minors: tuple[int, ...] = ()  # CPython 3 releases that there are wheels for, on this system
    newer_glibc: bool = False


def unfit(wheels: Iterable[Listed], target: Target) -> Unfit:
    """For wheels of which none fits ``target``, and of whose versions some admit its Python."""
    return _unfit(list(wheels), target, *_SOME)


def misfit(wheel: Listed, target: Target) -> Unfit | None:
    """The same of one that was given; None where it fits."""
    fits = not set(target.tags()).isdisjoint(map(str, wheel.tags))
    return None if fits else _unfit([wheel], target, *_ONE)


def _unfit(wheels: list[Listed], target: Target, it: str, here: str, be: str, need: str) -> Unfit:
    on = [wheel for wheel in wheels if _on(wheel, target)]
    if on:
        return Unfit(f"{it}{here} {be} for {_interpreters(on)}, not for {target.abi}", minors(on))
    mine = [wheel for wheel in wheels if _for_python(wheel, target)]
    glibcs = sorted(glibc for wheel in mine or wheels for glibc in _glibcs(wheel, target))
    if mine and glibcs:
        text = "{} {} glibc {}.{}; {} has {}"
        return Unfit(text.format(it, need, *glibcs[0], target.owner, target.glibc_text), (), True)
    if glibcs:
        text = f"{it} {be} for {_interpreters(wheels)} and {need} glibc " + "{}.{}; {} has {} and glibc {}"
        return Unfit(text.format(*glibcs[0], target.owner, target.abi, target.glibc_text))
    if len(wheels) == 1 and it == _ONE[0]:
        return Unfit(f"it is for {_systems(wheels)}, not for Linux on {target.arch}")
    return Unfit(f"it has no wheel for Linux on {target.arch}, only for {_systems(wheels)}")


def one_system(files: Iterable[Listed]) -> tuple[str, str] | None:
    """What all wheels of a project are for, if that is Windows or macOS alone, and its sys_platform."""
    wheels = [file for file in files if file.is_wheel]
    system = _systems(wheels) if wheels else ""
    return (system, _MARKED[system]) if system in _MARKED else None


def minors(files: Iterable[Listed]) -> tuple[int, ...]:
    """The CPython 3 releases that files seem to be for, by their tags and by Requires-Python."""
    found: set[int] = set()
    for file in files:
        for tag in file.tags:
            matched = re.fullmatch("cp3([0-9]+)", tag.interpreter)
            if matched and tag.abi != "abi3":
                found.add(int(matched[1]))
            elif matched or tag.interpreter.startswith("py"):
                low = int(matched[1]) if matched else OLDEST
                found.update(minor for minor in admitted(file.requires_python) if minor >= low)
    return tuple(sorted(minor for minor in found if OLDEST <= minor <= NEWEST))


def admitted(specifier: str) -> tuple[int, ...]:
    """The CPython 3 releases that a Requires-Python lets in, by a late one of each; all, where nobody can
    read it: pip takes it for none then."""
    try:
        wanted = SpecifierSet(specifier)
    except InvalidSpecifier:
        wanted = SpecifierSet()
    return tuple(minor for minor in range(OLDEST, NEWEST + 1) if f"3.{minor}.99" in wanted)


def of_sources(
    named: Mapping[str, Version], target: Target, compiled: Collection[str] = (), tried: bool = False
) -> str:
    """What can be done with the sources of these. That the option builds them is not tried: it would run
    their code. ``compiled``: those that are known not to be pure Python; ``tried``: that the request
    resolves with what all of them say they require."""
    it = "it" if len(named) == 1 else "them"
    holds = f": the whole request resolves with {it}" if tried else ""
    pure = [project for project in named if project not in compiled]
    options = " ".join(f"--build {project}" for project in pure)
    ways = []
    if len(pure) == len(named):
        those = "builds it here, if it is" if len(named) == 1 else "builds them here, those that are"
        ways.append(f"{options} {those} pure Python{holds}")
    elif pure:
        carried = " ".join(f"--carry-source {project}" for project in named if project in compiled)
        ways.append(f"offkit bundle {options} {carried} builds here what is pure Python{holds}")
    return "\nor ".join([*ways, carry_it(*named) + holds, build_it(named, target)])


def as_source(project: str) -> str:
    """The options that bring sources, where it has nothing else."""
    return f"--build {project} builds it here, if it is pure Python, --carry-source {project} on the server"


def carry_it(*projects: str) -> str:
    options = " ".join(f"--carry-source {project}" for project in projects)
    them = "it as source" if len(projects) == 1 else "them as sources"
    return f"offkit bundle {options} carries {them}, to be compiled on the server"


def build_it(named: Mapping[str, Version], target: Target) -> str:
    what = " ".join(f"{project}=={version}" for project, version in named.items())
    return elsewhere(what, target, len(named)) + " here"


def all_compiled(files: Iterable[Listed]) -> bool:
    """Whether there are wheels, and each is for one kind of machine."""
    wheels = [file for file in files if file.is_wheel]
    return bool(wheels) and all(tag.platform != "any" for wheel in wheels for tag in wheel.tags)


def elsewhere(what: str, target: Target, number: int = 1) -> str:
    """How to make a wheel of it, or of a ``number`` of them; a Python of old has no bdist_wheel by itself."""
    python = f"python{target.python_minor} -m pip"
    wheel = "a wheel" if number == 1 else "wheels"
    return (
        f"build {wheel} on a machine like the server: {python} install -U setuptools wheel && "
        f"{python} wheel --no-deps {what} -w DIR; then add --find-links DIR"
    )


def _on(wheel: Listed, target: Target) -> bool:
    platforms = {tag.split("-")[2] for tag in target.tags()}
    return any(tag.platform in platforms for tag in wheel.tags)


def _for_python(wheel: Listed, target: Target) -> bool:
    pythons = {tuple(tag.split("-")[:2]) for tag in target.tags()}
    return any((tag.interpreter, tag.abi) in pythons for tag in wheel.tags)


def _glibcs(wheel: Listed, target: Target) -> set[tuple[int, int]]:
    """The glibc of each manylinux tag for this architecture (PEP 513, 571, 599, 600)."""
    found = set()
    for tag in wheel.tags:
        matched = re.fullmatch(r"(manylinux(?:1|20[0-9]{2}|_([0-9]+)_([0-9]+)))_" + target.arch, tag.platform)
        if matched and matched[2]:
            found.add((int(matched[2]), int(matched[3])))
        elif matched and matched[1] in _GLIBC:
            found.add(_GLIBC[matched[1]])
    return found


def _interpreters(wheels: Iterable[Listed]) -> str:
    """'cp38 to cp311'; PyPy's only where there are no others."""
    every = {tag.interpreter for wheel in wheels for tag in wheel.tags}
    names = {name for name in every if name[2:3] == "3"} or every
    some = sorted(
        (name for name in names if re.fullmatch("(cp|py)[0-9]+", name)),
        key=lambda name: (name[:2], int(name[2:3]), int(name[3:] or 0)),
    ) or sorted(names)
    return some[0] if len(some) == 1 else f"{some[0]} to {some[-1]}" if len(some) > 3 else ", ".join(some)


def _systems(wheels: Iterable[Listed]) -> str:
    """'Windows and macOS'; for Linux on another machine, that one."""
    found = set()
    for wheel in wheels:
        for tag in wheel.tags:
            kind = re.match("[a-z]+", tag.platform)
            word = kind[0] if kind else tag.platform
            found.add(
                _SYSTEMS.get(word)
                or "Linux on " + re.sub(r"^(?:manylinux(?:[0-9]+|_[0-9]+_[0-9]+)|linux)_", "", tag.platform)
            )
    names = sorted(found, key=lambda name: (not name.startswith("Linux"), name))
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
