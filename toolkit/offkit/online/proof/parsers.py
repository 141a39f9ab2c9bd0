"""Programs that parse the sources of wheels: interpreters of any version, each kept for the next wheel."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from offkit.edges import sources
from offkit.edges.run import answering
from offkit.online.sources import interpreters

# Trees have no cycles to be collected.
_MAIN = """
import gc
gc.disable()
for answer in answers(sys.stdin, int(sys.argv[1])):
    print(answer, flush=True)
"""


class Parsers:
    """As many as there are threads that ask; they end with the block."""

    def __init__(self) -> None:
        self.exact = functools.cache(interpreters.of)
        self._lock = threading.Lock()
        self._programs = contextlib.ExitStack()
        self._idle: dict[tuple[str, int], list[Callable[[str], str]]] = defaultdict(list)

    def __enter__(self) -> Parsers:
        return self

    def __exit__(self, *error: object) -> None:
        self._programs.close()

    def ask(self, python: str, minor: int, wheel: Path) -> list[Any] | None:
        """What ``sources.failures`` says; None where that interpreter does not answer, or is an older one."""
        with self._lock:
            idle = self._idle[python, minor]
            ask = idle.pop() if idle else self._started(python, minor)
        said = ask(os.fsencode(wheel).hex())
        if not said:
            return None
        idle.append(ask)
        answer = json.loads(said)
        return None if answer["minor"] < minor else answer["failures"]

    def _started(self, python: str, minor: int) -> Callable[[str], str]:
        argv = [python, "-I", "-S", "-c", inspect.getsource(sources) + _MAIN, str(minor)]
        return self._programs.enter_context(answering(argv))
