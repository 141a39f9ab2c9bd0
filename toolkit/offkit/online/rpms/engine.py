"""libsolv, the solver inside dnf and zypper, and what reads its metadata: the extra ``offkit[rpm]``."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding

PIP = "pip install 'offkit[rpm]'"
_MODULES = {"solv": "solv", "yaml": "PyYAML", "zstandard": "zstandard"}  # and the projects that have them


def require() -> None:
    """Raises EnvironmentProblem (RPM011) where the extra is not installed."""
    lacking = {name: why for name in _MODULES if (why := _why(name))}
    if lacking:
        raise EnvironmentProblem(
            "RPMs cannot be chosen here",
            [
                Finding(
                    "RPM011",
                    ERROR,
                    _MODULES[name],
                    f"cannot be imported by {sys.executable}: {why}",
                    (),
                    f"{PIP} (libsolv has wheels for Linux with glibc 2.28 or newer), or give the RPMs on the "
                    "server: sh install.sh bundle.tar --iso FILE",
                )
                for name, why in lacking.items()
            ],
        )


def _why(name: str) -> str:
    try:
        importlib.import_module(name)
    except ImportError as error:
        return str(error)
    return ""


def solv() -> Any:
    """libsolv's own bindings."""
    return importlib.import_module("solv")


def yaml() -> Any:
    return importlib.import_module("yaml")


def zstandard() -> Any:
    """For metadata as createrepo_c 1.0 packs them."""
    return importlib.import_module("zstandard")
