"""Sources in a bundle: their members, and what compiling them will take on the server."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name

from offkit.edges import data, releases
from offkit.model import layout, sources
from offkit.model.finding import INFO, Finding
from offkit.model.question import Question
from offkit.model.target import Target
from offkit.online.carry.pack import Source as Member
from offkit.online.request.locked import Lock
from offkit.online.resolve import consulted
from offkit.online.wheels import store
from offkit.online.wheels.fetch import Stored


class ToCompile(NamedTuple):
    """One of them."""

    name: str
    version: str
    sdist: Path
    build: Lock  # what builds it
    wheels: tuple[Stored, ...]  # the same, as files
    cxx: bool  # whether it has C++
    how: str  # who told its metadata


def described(one: ToCompile, target: Target, headers_with_it: bool) -> sources.Source:
    """For the manifest. ``headers_with_it``: the bundle brings a Python that has its own headers."""
    release = releases.of(target.el, target.name)
    table = sources.parse_headers(data.read_text(sources.HEADERS))
    headers = table.get(canonicalize_name(one.name), ())
    programs = (sources.GCC, *([sources.GXX] if one.cxx else []))
    shipped = release.pythons.get(target.python_minor)
    devel = [shipped.devel] if shipped and shipped.devel and not headers_with_it else []
    rpms = [*(sources.PROGRAMS[each] for each in programs), *devel]
    rpms += [release.headers[each] for each in headers if each in release.headers]
    member = layout.SOURCES + one.sdist.name
    lock = f"{layout.SOURCES}{canonicalize_name(one.name)}-{one.version}.build.txt"
    return sources.Source(one.name, one.version, member, lock, programs, headers, tuple(dict.fromkeys(rpms)))


def members(carried: Sequence[ToCompile], described: Sequence[sources.Source]) -> list[Member]:
    """All that comes into the bundle for them; what several are built with, once."""
    found = []
    for one, said in zip(carried, described, strict=True):
        found.append(Member(said.member, one.sdist, store.sha256(one.sdist)))
        build = one.build._replace(wheels=tuple(each.wheel for each in one.wheels))
        found.append(Member(said.lock, build.text().encode("utf-8") if one.wheels else b""))
    wheels = {each.path.name: each.path for one in carried for each in one.wheels}
    return found + [
        Member(layout.BUILD_WHEELS + name, path, store.sha256(path)) for name, path in wheels.items()
    ]


def questions(carried: Sequence[ToCompile]) -> list[Question]:
    """What their builds depend on: they are done by the server's own Python."""
    return [asked._replace(who=_asker(asked.who, one)) for one in carried for asked in one.build.questions]


def _asker(who: str, of: ToCompile) -> str:
    own = f"{of.name} {of.version}"
    return f"the build of {own}" if who == consulted.REQUEST else f"{who}, which builds {own},"


def findings(carried: Sequence[ToCompile], described: Sequence[sources.Source]) -> list[Finding]:
    """REQ023: what each will take there."""
    return [
        Finding(
            "REQ023",
            INFO,
            said.describe(),
            f"is compiled on the server: needs {', '.join(said.rpms)} there, from its ISO or a repository; "
            f"what it requires is known from {one.how}",
        )
        for one, said in zip(carried, described, strict=True)
    ]


def unable(carried: Sequence[ToCompile]) -> str:
    """Why they cannot be compiled on this machine for a rehearsal; "" where they can."""
    lacks = [each for each in (sources.GCC, sources.GXX) if any(_wants(one, each) for one in carried)]
    lacks = [each for each in lacks if not shutil.which(each)]
    return f"{' and '.join(lacks)} missing here, so the sources were not compiled" if lacks else ""


def _wants(one: ToCompile, program: str) -> bool:
    return one.cxx or program == sources.GCC
