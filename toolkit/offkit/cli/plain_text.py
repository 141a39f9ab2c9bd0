"""Options whose value is text, as a command line has them: typer makes no adapter of pydantic for them.

Since 0.27 it makes one for each option, given or not; that and importing pydantic takes 50 ms, as long as all
of the rest of typer. Takes the place of ``typer.core.build_runtime_param``, whose descriptors have
``annotation`` and ``parameter_info``; where it is not, nothing is done.
"""

import functools
import os
from pathlib import Path
from typing import Any, Callable, List

import typer.core

# Of typer's ParameterInfo: what makes more of a text, or asks more of a path, than is done here.
_MORE = ("parser", "exists", "writable", "resolve_path", "allow_dash", "path_type")
_LESS = ("readable", "file_okay", "dir_okay")
_KINDS = (str, bool, Path, List[str], List[Path])


def spare() -> None:
    """From now on."""
    core: Any = typer.core
    original = getattr(core, "build_runtime_param", None)
    if original is not None and not isinstance(original, functools.partial):
        core.build_runtime_param = functools.partial(_built, original)


def _built(original: Callable[[Any], Any], descriptor: Any) -> Any:
    kind, info = descriptor.annotation, descriptor.parameter_info
    more = any(getattr(info, one, True) for one in _MORE)
    if not more and all(getattr(info, one, False) for one in _LESS) and kind in _KINDS:
        return _Plain(kind, functools.partial(original, descriptor))
    return original(descriptor)


class _Plain:
    """In place of typer's RuntimeParam."""

    def __init__(self, kind: Any, of_typer: Callable[[], Any]) -> None:
        self._kind, self._of_typer = kind, of_typer

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """What typer would give, or raise."""
        several = param.nargs == -1 or param.multiple
        if value is None:
            return () if several else None
        path = self._kind in (Path, List[Path])
        if several and not isinstance(value, str) and all(map(self._is_easy, value)):
            return list(map(Path, value) if path else value)
        if not several and self._is_easy(value):
            return Path(value) if path else value
        return self._of_typer().coerce(value, param=param, ctx=ctx)

    def _is_easy(self, value: Any) -> bool:
        """Whether it is text that is wanted, and of a path whether it may be read or is not there yet."""
        try:
            value.encode("utf-8")
            if self._kind in (Path, List[Path]):
                return os.access(value or ".", os.R_OK) or not os.path.exists(value)
            return self._kind is not bool
        except (AttributeError, ValueError):
            return False
