"""What is known of a processor."""

from typing import FrozenSet, NamedTuple


class Cpu(NamedTuple):
    """``vendor`` is what CPUID calls it ("GenuineIntel"), ``flags`` what it can do, by the names of
    /proc/cpuinfo. No flags at all: it is not known."""

    vendor: str = ""
    flags: FrozenSet[str] = frozenset()

    def has(self, flags: str) -> bool:
        """Whether it has each of these, written with blanks between them."""
        return self.flags.issuperset(flags.split())
