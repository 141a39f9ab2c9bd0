"""What is known of a processor."""

from typing import FrozenSet, List, NamedTuple


class Cpu(NamedTuple):
    """``vendor`` is what CPUID calls it ("GenuineIntel"), ``flags`` what it can do, by the names of
    /proc/cpuinfo. No flags at all: it is not known."""

    vendor: str = ""
    flags: FrozenSet[str] = frozenset()

    def has(self, flags: str) -> bool:
        """Whether it has each of these, written with blanks between them."""
        return not self.lacks(flags)

    def lacks(self, flags: str) -> List[str]:
        """Those of them that it does not have."""
        return [flag for flag in flags.split() if flag not in self.flags]
