"""A server as its probe describes it (offkit/target-2, model/schemas/target-2.json), read as a target.

The probe says what is there; what that means is decided here, by what is known of releases. Each field that
is used is checked: the file was on another machine, and may be anybody's.
"""

import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from offkit.model import target as targets
from offkit.model.errors import UsageError
from offkit.model.release import Releases
from offkit.model.tags import cpython_abi
from offkit.model.target import Target

SCHEMA = "offkit/target-2"
_SCHEMA = re.compile(r"offkit/target-([0-9]{1,4})")
_VERSION = re.compile(r"3\.([0-9]{1,2})\.[0-9]{1,4}")
_GLIBC = re.compile(r"2\.([0-9]{1,3})")
_ODD = re.compile(r"[^A-Za-z0-9.]+")


class Python(NamedTuple):
    path: str
    version: str  # 3.6.8
    soabi: str  # cpython-36m-x86_64-linux-gnu
    lacks: Tuple[str, ...]  # extension modules that cannot be imported
    chosen: bool  # somebody named it

    @property
    def series(self) -> str:
        return ".".join(self.version.split(".")[:2])

    @property
    def ordinary(self) -> bool:
        """Whether it is built as those are that wheels are made for: not --with-pydebug and the like."""
        major, minor = self.series.split(".")
        return self.soabi.split("-")[1:2] in ([], [cpython_abi((int(major), int(minor)))[2:]])

    @property
    def own(self) -> bool:
        """Whether it is the system's, and not for applications: the platform-python of EL 8."""
        return "/libexec/" in self.path


def read(data: Any, known: Releases, python: Optional[str] = None) -> Target:
    """The target, with the Python that ``python`` names (as --python), else the one that it has for
    applications, else the one that its release ships.

    Raises UsageError for what is no such description, for a server that no bundle can be made for, and
    where nobody can say which Python it is about.
    """
    if not isinstance(data, dict):
        raise _none("it is no object")
    arch, glibc = _text(data, "arch"), _text(data, "glibc")
    if arch not in targets.ARCHES:
        raise UsageError(
            "it describes a server with the architecture {!r}".format(arch),
            fix="offkit makes bundles for " + ", ".join(targets.ARCHES),
        )
    version = _GLIBC.fullmatch(glibc)
    if not version:
        raise UsageError(
            "it describes a server without glibc, or with one that it does not name",
            fix="offkit deploys manylinux wheels, which need glibc",
        )
    os_release = {key: value for key, value in _object(data, "os_release").items() if isinstance(value, str)}
    found = known.told(os_release)
    el = found.el or known.el_major(os_release)
    name = found.name or _name(el, os_release)
    if not found.name and known.named(name).name:  # as of Kylin's desktop system
        name = "other-" + name
    here = Target(name, el, arch, "", (2, int(version.group(1))))
    return here._replace(python=_python(here, pythons(data), known, python))


def newer(data: Any) -> bool:
    """Whether a document is a description in a form that only a later offkit knows."""
    schema = data.get("schema") if isinstance(data, dict) else None
    found = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    return found is not None and int(found.group(1)) > 2


def _python(here: Target, pythons: List[Python], known: Releases, asked: Optional[str]) -> str:
    release = known.of(here.el, here.name)
    named = next((each for each in pythons if each.chosen), None)
    usable = [each for each in pythons if not each.own and each.ordinary]
    if asked is not None:
        wanted = targets.preset(known, asked, None, here.arch).python
        if asked == wanted:  # complete: 3.6.8
            return wanted
        return _oldest(usable, asked) or targets.with_python(known, here, asked).python
    if named is not None:
        if named in usable:
            return named.version
        raise UsageError(
            "it is about {}, for which no wheels are made ({})".format(
                named.path, "it is the system's own" if named.own else named.soabi
            ),
            fix="choose another: offkit probe --python PATH, or say which the bundle is for: --python X.Y",
        )
    series = [each.series for each in usable if each.series == release.python]
    series += [each.series for each in usable if each.path.startswith("/usr/bin/")]
    series += [each.series for each in usable]
    if series:
        return _oldest(usable, series[0])
    if release.python:
        return targets.with_python(known, here, release.python).python
    raise UsageError(
        "it describes a server without a Python for applications, and which one {} has is not known".format(
            here.name
        ),
        fix="say which the bundle is for: --python X.Y",
    )


def _oldest(pythons: List[Python], series: str) -> str:
    """Its version, "" for none: what is chosen for that one fits the others. One that cannot read wheels
    counts where there is no better one."""
    there = [each for each in pythons if each.series == series]
    whole = [each for each in there if "zlib" not in each.lacks]
    return (whole or there)[-1].version if there else ""


def pythons(data: Dict[str, Any]) -> List[Python]:
    """Those that offkit makes bundles for, the newest first."""
    rows = data.get("pythons", [])
    if not isinstance(rows, list):
        raise _none("its pythons are no list")
    found = []
    for row in rows:
        if not isinstance(row, dict):
            raise _none("one of its pythons is no object")
        matched = _VERSION.fullmatch(_text(row, "version"))
        if not matched or not targets.OLDEST <= int(matched.group(1)) <= targets.NEWEST:
            continue
        if row.get("implementation") != "cpython" or row.get("bits") != 64:
            continue
        lacks = row.get("lacks")
        names = tuple(each for each in lacks if isinstance(each, str)) if isinstance(lacks, list) else ()
        soabi = row.get("soabi")
        found.append(
            Python(
                _text(row, "path"),
                row["version"],
                soabi if isinstance(soabi, str) else "",
                names,
                row.get("chosen") is True,
            )
        )
    return sorted(found, key=lambda each: [int(part) for part in each.version.split(".")], reverse=True)


def _name(el: int, os_release: Dict[str, str]) -> str:
    """What offkit calls a system that it has no file about: el11, fedora-40; as it calls itself where it says
    no ID; unnamed where it says nothing that could be a name."""
    if el:
        return "el{}".format(el)
    for first, second in (("ID", "VERSION_ID"), ("PRETTY_NAME", ""), ("NAME", "VERSION")):
        words = [_ODD.sub("-", os_release.get(key, "")).strip("-.") for key in (first, second)]
        if words[0]:
            return "-".join(word for word in words if word)[:40].lower()
    return "unnamed"


def _text(data: Dict[str, Any], key: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _none("{} is no text".format(key))
    return value


def _object(data: Dict[str, Any], key: str) -> Dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise _none("{} is no object".format(key))
    return value


def _none(why: str) -> UsageError:
    return UsageError("not a target description ({})".format(why))
