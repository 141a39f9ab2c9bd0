"""What repeated measurements say: the median, and how far they lie apart."""

from statistics import median
from typing import NamedTuple, Sequence, Tuple


class Sample(NamedTuple):
    """One quantity, measured several times; empty when it could not be."""

    values: Tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """0.0 when there is none."""
        return float(median(self.values)) if self.values else 0.0

    @property
    def spread(self) -> float:
        """From the least to the greatest, as a part of the median; 0.0 for fewer than two."""
        return (max(self.values) - min(self.values)) / self.median if self.median else 0.0


def sample(values: Sequence[float]) -> Sample:
    return Sample(tuple(values))


def ratio(above: float, below: float) -> float:
    """0.0 where there is nothing to divide by."""
    return above / below if below else 0.0
