"""Several targets in one call: what each has for itself, what they share, and what is said of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, TypeVar

from offkit import __version__
from offkit.edges import releases
from offkit.model import checksum, layout, manifest
from offkit.model.errors import IntegrityError, OffkitError
from offkit.model.finding import Finding
from offkit.model.manifest import Manifest, Member
from offkit.model.target import Target
from offkit.online.carry.pack import Source

# What more than one target may have: the same file is there once.
_SHARED = (
    layout.WHEELS,
    layout.BUILD_WHEELS,
    layout.SOURCES,
    layout.SMOKE,
    layout.PYTHON_BUILD,
    layout.PYTHON_SOURCE,
)

# Another Python, of that release or of what has it first; another release, with its Python or another.
_OPTIONS = re.compile(
    r"(?<=resolves with )(?:--python (?P<python>3\.\d+)(?: --target \S+)?"
    r"|--target (?P<system>[a-zA-Z][\w.]*)(?![^\s])(?: --python (?P<its>3\.\d+))?)"
    r"(?P<file> in the place of the file)?"
)

_T = TypeVar("_T")
_U = TypeVar("_U")
_H = TypeVar("_H", bound=Hashable)


class Part(NamedTuple):
    """What the bundle for a target alone would be."""

    target: Target
    options: dict[str, Any]
    installed_size: int  # bytes
    members: Sequence[Source]  # all but install.sh and the runtime


def each(things: Sequence[tuple[str, _T]], do: Callable[[_T], _U]) -> list[tuple[str, _U]]:
    """What ``do`` gives for each target, by its name. Raises OffkitError with what is wrong for any."""
    done: list[tuple[str, _U]] = []
    failed: list[tuple[str, OffkitError]] = []
    for name, thing in things:
        try:
            done.append((name, do(thing)))
        except OffkitError as error:
            failed.append((name, error))
    if failed:
        raise _together(failed)
    return done


def _together(failed: Sequence[tuple[str, OffkitError]]) -> OffkitError:
    """One error; what is the same for several targets is said once, with all their names."""
    told = _grouped([(name, (error.message,)) for name, error in failed])
    message = "\n".join(f"{', '.join(names)}: {text}" for text, names in told)
    fixes = dict.fromkeys(error.fix for _, error in failed if error.fix)
    kinds = [type(error) for _, error in failed]
    kind = IntegrityError if IntegrityError in kinds else kinds[0]
    return kind(message, findings([(name, error.findings) for name, error in failed]), "\n".join(fixes))


def findings(told: Sequence[tuple[str, Sequence[Finding]]]) -> tuple[Finding, ...]:
    """Those of all targets, each once; the subject begins with the names of its targets."""
    return tuple(
        found._replace(subject=f"{', '.join(names)}: {found.subject}", fix=_spelled(found.fix, names))
        for found, names in _grouped(told)
    )


def _spelled(fix: str, names: Sequence[str]) -> str:
    """A cure that was tried for these targets, where --python and another --target would be said to all."""
    words = [name.partition("-")[0] for name in names]
    if not all(releases.known().named(word).name for word in words):
        return fix

    def instead(said: re.Match[str]) -> str:
        series = said["python"] or said["its"] or ""
        systems = [said["system"]] if said["system"] else words
        options = [f"--target {word}:{series}" if series else f"--target {word}" for word in systems]
        return " ".join(options) + (said["file"] or f" in the place of {', '.join(names)}")

    return _OPTIONS.sub(instead, fix)


def _grouped(told: Sequence[tuple[str, Sequence[_H]]]) -> list[tuple[_H, list[str]]]:
    groups: dict[_H, list[str]] = {}
    for name, things in told:
        for thing in things:
            groups.setdefault(thing, []).append(name)
    return list(groups.items())


def members(parts: Sequence[tuple[str, Part]], pyz: Source) -> list[Source]:
    """Of their bundle, but for install.sh: each target's own below its folder, with the manifest that it
    would have alone, and what is shared."""
    shared = {pyz.path: _hashed(pyz)}
    found = []
    for name, part in parts:
        listed = [shared[pyz.path]]
        for source in map(_hashed, part.members):
            common = shared.setdefault(source.path, source) if source.path.startswith(_SHARED) else None
            if common is None or common.sha256 != source.sha256:
                found.append(source._replace(path=manifest.folder(name) + source.path))
            listed.append(source)
        found.append(Source(manifest.folder(name) + layout.MANIFEST, _manifest(part, listed)))
    return [*shared.values(), *found]


def _manifest(part: Part, sources: Sequence[Source]) -> bytes:
    ordered = sorted(sources, key=lambda one: (layout.position(one.path), one.path))
    listed = tuple(Member(one.path, one.size(), one.sha256) for one in ordered)
    made_by = f"offkit {__version__}"
    return manifest.dump(Manifest(part.target, part.options, made_by, part.installed_size, listed))


def _hashed(source: Source) -> Source:
    if source.sha256:
        return source
    if isinstance(source.contents, bytes):
        return source._replace(sha256=hashlib.sha256(source.contents).hexdigest())
    with source.contents.open("rb") as file:
        return source._replace(sha256=checksum.sha256(file))
