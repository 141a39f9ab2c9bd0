"""Wheels that were built from sources before they were packed: of what, by what, and with what."""

from typing import Any, Dict, Iterable, List, NamedTuple, Tuple


class Pin(NamedTuple):
    """A build requirement as it was installed."""

    name: str
    version: str
    sha256: str  # of its wheel, lower-case hex

    def __str__(self) -> str:
        return "{}=={} sha256:{}".format(*self)


class Built(NamedTuple):
    """One wheel."""

    name: str
    version: str
    filename: str
    sha256: str  # of the wheel
    source: str  # "idna-ssl-1.1.0.tar.gz", "git+https://host/repo@COMMIT", "app, a project directory"
    source_sha256: str  # of the file; of a directory, of its contents; "" where a commit says it
    python: str  # 3.6.15
    build: str  # the version of build (pypa)
    requires: Tuple[Pin, ...]

    def origin(self) -> str:
        """What it was made of."""
        return self.source + (" sha256:" + self.source_sha256 if self.source_sha256 else "")

    def tools(self) -> List[str]:
        """What made it, a line each."""
        return [
            "by CPython {}, build {}".format(self.python, self.build),
            *("with {}".format(one) for one in self.requires),
        ]

    def describe(self) -> str:
        """One line for people."""
        return "{} {} from {}, by CPython {}".format(self.name, self.version, self.source, self.python)

    def to_json(self) -> Dict[str, Any]:
        return dict(self._asdict(), requires=[dict(one._asdict()) for one in self.requires])


def from_json(data: Any) -> Built:
    """Back from ``to_json``. Raises ValueError for anything else."""
    try:
        texts = [data[name] for name in Built._fields if name != "requires"]
        pins = tuple(Pin(one["name"], one["version"], one["sha256"]) for one in data["requires"])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("not a record of a wheel that was built: {!r}".format(error))
    if not all(isinstance(text, str) for text in (*texts, *(text for pin in pins for text in pin))):
        raise ValueError("not a record of a wheel that was built")
    return Built._make([*texts, pins])


def to_options(built: Iterable[Built]) -> Dict[str, Any]:
    """The manifest's option ``built``; nothing where nothing was."""
    listed = [one.to_json() for one in built]
    return {"built": listed} if listed else {}


def from_options(options: Dict[str, Any]) -> List[Built]:
    """Back again; only what has the right form counts."""
    listed = options.get("built")
    found = []
    for one in listed if isinstance(listed, list) else ():
        try:
            found.append(from_json(one))
        except ValueError:
            continue
    return found
