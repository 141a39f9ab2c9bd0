"""What is reached for in pip and pip-tools, neither of which promises to keep it where it is."""

from __future__ import annotations

import importlib
from typing import Any

from offkit.model.errors import OffkitError

# What packaging raises for a marker that cannot be evaluated (``os_name ~= "posix"``, ``"a" == "b"``); the
# classes of pip's own packaging and of the other are told by these names.
UNDEFINED = ("UndefinedComparison", "UndefinedEnvironmentName")


def reach(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise moved(f"{module}.{name}") from None


def moved(what: str) -> OffkitError:
    """The error for an upstream function that is no longer where it was."""
    import importlib.metadata  # which takes its time, for this alone

    have = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("pip", "pip-tools"))
    return OffkitError(
        f"this offkit does not support {have}: {what} is missing",
        fix='install a newer offkit, or run \'pip install "pip<27" "pip-tools<8"\' in its environment',
    )
