"""What repeated measurements say: the median, and how far they lie apart."""

from typing import NamedTuple, Sequence, Tuple


class Sample(NamedTuple):
    """One quantity, measured several times; empty when it could not be."""

    values: Tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """0.0 when there is none."""
        ordered, count = sorted(self.values), len(self.values)
        if not count:
            return 0.0
        return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2

    @property
    def spread(self) -> float:
        """From the least to the greatest, as a part of the median; 0.0 for fewer than two."""
        return (max(self.values) - min(self.values)) / self.median if self.median else 0.0


def sample(values: Sequence[float]) -> Sample:
    return Sample(tuple(values))


def ratio(above: float, below: float) -> float:
    """0.0 where there is nothing to divide by."""
    return above / below if below else 0.0
