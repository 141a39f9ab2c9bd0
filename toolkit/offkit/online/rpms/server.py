"""What a server has installed, as its probe says it (offkit/target-2), and as far as packages care."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from offkit.edges import description
from offkit.media import repofile, rpm, versionlock
from offkit.media.rpmfile import Front
from offkit.media.versionlock import Lock
from offkit.model import layout
from offkit.model.errors import UsageError
from offkit.model.release import Release, trusted_keys

_KEY = re.compile(r"[0-9a-fA-F]{8,}")  # as rpm begins to tell of one


class Filter(NamedTuple):
    """What an administrator has said of packages, for all repositories or for one."""

    excludes: tuple[str, ...] = ()  # exclude=, excludepkgs=
    includes: tuple[str, ...] = ()  # includepkgs=
    file: str = ""  # that says so

    def hiding(self, name: str, evr: str, arch: str) -> str:
        """The setting that excludes a package (dnf.conf(5): NAME, or any longer form), "" for none."""
        one = _front(name, evr, arch)
        parts = (one.name, one.epoch, one.version, one.release, one.arch)
        found = next((f"exclude={each}" for each in self.excludes if rpm.matches(each, *parts)), "")
        if not found and self.includes and not any(rpm.matches(each, *parts) for each in self.includes):
            found = "includepkgs=" + " ".join(self.includes)
        return found


class Server(NamedTuple):
    """The file was on another machine, and may be anybody's: what is of no use is left out."""

    # NAME-[EPOCH:]VERSION-RELEASE.ARCH → what it provides; none where the probe could not ask rpm.
    packages: Mapping[str, tuple[str, ...]]
    streams: Mapping[str, str]  # by module; "": disabled
    excludes: tuple[str, ...]  # exclude= of yum.conf or dnf.conf, which hold for every repository
    includes: tuple[str, ...]  # includepkgs=, the same
    locks: tuple[Lock, ...]
    platform: str  # what modules require of it, as el8; "": not said
    level: str = ""  # of its processor, by the x86-64 psABI: x86-64-v2; "": not said
    distribution: str = ""  # the ID of os-release(5)
    keys: Mapping[str, frozenset[str]] = {}  # IDs by the file in /etc/pki/rpm-gpg; none: not said
    vendor: tuple[str, ...] = ()  # those of the files that its vendor brought
    imported: frozenset[str] | None = None  # IDs of those that rpm has; None: it could not be asked
    fips: bool = False
    fapolicyd: bool = False  # it runs
    policy: str = ""  # of /etc/crypto-policies; "": not said
    pythons: list[Any] | None = None  # as they were told (model.probed.pythons); None: not said
    noexec: str = ""  # the file system of root's prefix, where nothing on it can be loaded
    priorities: bool | None = None  # whether yum 3 has that plugin; None: dnf, which needs none

    def trusted(self, release: Release, known: bool) -> frozenset[str]:
        """IDs of the keys that packages may be signed with there (media.keys); none where that cannot be
        told, or the key on a medium counts since there is no other. ``known``: the release is."""
        files = trusted_keys(list(self.keys), release.keys, self.distribution, self.vendor, known)
        if self.imported is None or not files or not all(self.keys[name] for name in files):
            return frozenset()
        return self.imported.union(*(self.keys[name] for name in files))

    def excluded(self, name: str, evr: str, arch: str) -> str:
        """The setting that excludes a package, "" for none."""
        return Filter(self.excludes, self.includes).hiding(name, evr, arch)

    def locked(self, name: str, evr: str, arch: str) -> str:
        """Why a package has no version that is locked, "" where it may be installed."""
        found = versionlock.forbidding(self.locks, _front(name, evr, arch))
        return versionlock.told(found, "the server") if found else ""


def _front(name: str, evr: str, arch: str) -> Front:
    epoch, _, rest = evr.rpartition(":")
    version, _, release = rest.rpartition("-")
    return Front(name, epoch or "0", version, release, arch, "", 0)


def read(path: Path) -> Server:
    """Raises UsageError for what is no description."""
    data = description.read(str(path))
    try:
        packages = data.get("packages")
        if not isinstance(packages, dict):
            packages = {}
        yum = data.get("yum") or {}
        rows = [one for one in data.get("modules") or () if isinstance(one, dict)]
        # As libdnf finds it (libdnf/module/ModulePackage.cpp): yum's own setting, else os-release(5).
        own = yum.get("module_platform_id") or (data.get("os_release") or {}).get("PLATFORM_ID")
        platform = str(own or "").partition(":")[2]
        return Server(
            {str(title): _words(given) for title, given in packages.items()},
            {
                str(one.get("name")): "" if one.get("state") == "disabled" else str(one.get("stream") or "")
                for one in rows
                if one.get("state") == "disabled" or one.get("stream")
            },
            _patterns(yum.get("exclude")),
            _patterns(yum.get("includepkgs")),
            tuple(versionlock.of_lines(_words(data.get("versionlock")), "")),
            platform,
            str((data.get("cpu") or {}).get("level") or ""),
            str((data.get("os_release") or {}).get("ID") or ""),
            *_keys(data.get("keys") or {}),
            data.get("fips") is True,
            data.get("fapolicyd") == "running",
            str(data.get("crypto_policy") or ""),
            data["pythons"] if isinstance(data.get("pythons"), list) else None,
            _noexec(data.get("mounts") or []),
            _priorities(packages, yum),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise UsageError(f"--target: {path} cannot be read as a target: {error}") from None


def _keys(
    given: Mapping[str, Any],
) -> tuple[dict[str, frozenset[str]], tuple[str, ...], frozenset[str] | None]:
    """By file, without any where one of its keys has none; the vendor's files; those of rpm."""
    found: dict[str, set[str]] = {name: set() for name in _words(given.get("files"))}
    for line in _words(given.get("ids")):
        key, _, name = line.partition(" ")
        found.setdefault(name, set()).add(key)
    told = {name: frozenset(() if "-" in keys else keys) for name, keys in found.items()}
    imported = None
    if isinstance(given.get("rpm"), list):
        rows = map(_KEY.match, _words(given["rpm"]))
        imported = frozenset(row.group().lower() for row in rows if row)
    return told, _words(given.get("vendor")), imported


def _noexec(mounts: Sequence[Mapping[str, Any]]) -> str:
    """The innermost that root's prefix lies on, where it is mounted so."""
    around = [one for one in mounts if f"{layout.ROOT_PREFIX}/".startswith(str(one["at"]).rstrip("/") + "/")]
    last = max(around, key=lambda one: len(one["at"]), default=None)
    return str(last["at"]) if last and "noexec" in last["flags"] else ""


def _priorities(packages: Mapping[str, Any], yum: Mapping[str, Any]) -> bool | None:
    """yum 3 by its version; its plugin is enabled as it comes, where yum.conf lets plugins count."""
    if not any(title.startswith("yum-3.") for title in packages):
        return None
    plugin = any(title.startswith("yum-plugin-priorities-") for title in packages)
    return plugin and repofile.is_true(str(yum.get("plugins") or ""))


def _patterns(given: Any) -> tuple[str, ...]:
    """A list, or the line as yum.conf has it, where somebody wrote the file by hand."""
    return repofile.words(given) if isinstance(given, str) else _words(given)


def _words(given: Any) -> tuple[str, ...]:
    return tuple(each for each in given if isinstance(each, str)) if isinstance(given, list) else ()
