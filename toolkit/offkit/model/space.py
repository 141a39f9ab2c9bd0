"""Free space that an installation takes while it is made. Pure; install.sh reckons alike."""

from typing import NamedTuple

from offkit.model import layout
from offkit.model.manifest import Manifest

ENVIRONMENT = 2 * 1000 * 1000  # bytes: the venv measures 0.1 MB, directories, what is half written
RUNTIME = 3  # offkit.pyz unpacked beside its byte code, in blocks: measured 2.5
INODES = 400  # the venv and the runtime
BUILDING = 13  # sources with their objects, what builds them, and pip: measured 3.0 to 12.1
COMPILED = 1.3  # byte code beside the sources: measured 1.02 (opencv) to 1.25 (pure Python)


class Need(NamedTuple):
    """In bytes."""

    wheels: int  # as they lie in the bundle
    unpacked: int  # their contents with byte code
    own: int  # offkit itself and the environment
    building: int = 0  # sources, while they are compiled

    @property
    def total(self) -> int:
        return self.wheels + self.unpacked + self.own + self.building

    def describe(self) -> str:
        """``26 MB are needed (wheels 10, unpacked 12, offkit itself 4)``."""
        parts = [("wheels", self.wheels), ("unpacked", self.unpacked), ("offkit itself", self.own)]
        if self.building:
            parts.append(("compiling", self.building))
        made_of = ", ".join("{} {}".format(name, _megabytes(size)) for name, size in parts)
        return "{} MB are needed ({})".format(_megabytes(self.total), made_of)


def _megabytes(size: int) -> int:
    return -(-size // 1000000)


def need(wheels: int, installed: int, runtime: int, sources: int = 0) -> Need:
    """From the sizes of the wheels, of their contents, of offkit.pyz, and of sources with the wheels that
    build them, all in bytes."""
    return Need(wheels, int(installed * COMPILED), runtime * RUNTIME + ENVIRONMENT, sources * BUILDING)


def of(manifest: Manifest) -> Need:
    """Room for a generation of this bundle."""
    wheels, runtime, *building = (
        sum(member.size for member in manifest.below(place))
        for place in (layout.WHEELS, layout.RUNTIME, layout.SOURCES, layout.BUILD_WHEELS)
    )
    return need(wheels, manifest.installed_size, runtime, sum(building))
