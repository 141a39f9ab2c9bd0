"""What the described server does to everything that is installed there: its security settings, and how its
file systems are mounted."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name

from offkit.edges import data
from offkit.model import layout, surroundings
from offkit.model.finding import WARNING, Finding
from offkit.online.request.locked import LockedWheel
from offkit.online.rpms.server import Server


def findings(wheels: Iterable[LockedWheel], paths: Iterable[Path], server: Server | None) -> list[Finding]:
    """``paths`` are the wheels as they were fetched."""
    if server is None:
        return []
    table = surroundings.parse(data.read_text(surroundings.TABLE))
    found = surroundings.policy(table, server.policy)
    if server.fips:
        packages = sorted({str(canonicalize_name(one.name)) for one in wheels})
        found += surroundings.fips(table, packages, [name for path in paths for name in _own_openssl(path)])
    if server.fapolicyd:
        message = "runs on the server: until it trusts what is installed, nobody can load its shared objects"
        fix = f"after each installation, as root: fapolicyd-cli --file add PREFIX/{layout.GENERATIONS}/ID/ "
        fix += "&& fapolicyd-cli --update"
        found.append(Finding("ENV020", WARNING, surroundings.FAPOLICYD, message, (), fix))
    if server.noexec:
        message = f"{server.noexec} is mounted noexec on the server: no extension module there can be loaded"
        fix = f"install under another --prefix, or on the server: mount -o remount,exec {server.noexec}"
        found.append(Finding("ENV026", WARNING, layout.ROOT_PREFIX, message, (server.noexec,), fix))
    return found


def _own_openssl(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [name for name in archive.namelist() if surroundings.OWN_OPENSSL.fullmatch(name)]
