"""What a server has installed, as its probe says it (offkit/target-2), and as far as packages care."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from offkit.edges import description
from offkit.media import rpm
from offkit.model.errors import UsageError


class Server(NamedTuple):
    """The file was on another machine, and may be anybody's: what is of no use is left out."""

    # NAME-[EPOCH:]VERSION-RELEASE.ARCH → what it provides; none where the probe could not ask rpm.
    packages: Mapping[str, tuple[str, ...]]
    streams: Mapping[str, str]  # by module; "": disabled
    excludes: tuple[str, ...]  # exclude= of yum.conf or dnf.conf, which hold for every repository
    platform: str  # what modules require of it, as el8; "": not said
    level: str = ""  # of its processor, by the x86-64 psABI: x86-64-v2; "": not said

    def excluded(self, name: str, evr: str, arch: str) -> str:
        """The pattern that excludes a package (dnf.conf(5): NAME, or any longer form), "" for none."""
        epoch, _, rest = evr.rpartition(":")
        version, _, release = rest.rpartition("-")
        parts = (name, epoch or "0", version, release, arch)
        return next((each for each in self.excludes if rpm.matches(each, *parts)), "")


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
            _words(yum.get("exclude")),
            platform,
            str((data.get("cpu") or {}).get("level") or ""),
        )
    except (AttributeError, TypeError) as error:
        raise UsageError(f"--target: {path} cannot be read as a target: {error}") from None


def _words(given: Any) -> tuple[str, ...]:
    return tuple(each for each in given if isinstance(each, str)) if isinstance(given, list) else ()
