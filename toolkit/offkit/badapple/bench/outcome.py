"""What a bench found out."""

from typing import Dict, List, NamedTuple, Optional, Tuple

from offkit.badapple import environment
from offkit.badapple.bench import machine, model
from offkit.badapple.bench.numbers import Sample
from offkit.badapple.formats.base import Format
from offkit.badapple.video import decode
from offkit.model.finding import Finding

LINEAR, THREADS, PROCESSES = "linear", "threads", "processes"


class Row(NamedTuple):
    """One line of the table. Seconds for all frames; samples are empty where nothing was measured."""

    kind: str
    workers: int
    offkit: Sample = Sample()
    floor: Sample = Sample()  # decoding alone; this and what follows is of processes
    cpu: float = 0.0
    shares: Tuple[float, float, float] = (0.0, 0.0, 0.0)  # decode, convert, write: of all workers together
    predicted: Optional[model.Prediction] = None
    used: int = 0  # processes that had work: a short video is not cut further; 0: not measured

    @property
    def fewer(self) -> bool:
        """Whether fewer had work than were asked for."""
        return 0 < self.used < self.workers

    @property
    def active(self) -> int:
        """The processes that what was measured is divided by."""
        return self.used or self.workers


class Outcome(NamedTuple):
    """Everything that was found out."""

    machine: machine.Machine
    libraries: environment.Libraries
    video: decode.Video
    frames: int
    form: Format
    repeats: int
    rows: List[Row]
    costs: model.Costs
    memory: Dict[int, float]  # bytes a second, by processes
    disk: float
    ahead: List[Tuple[int, model.Prediction]]  # cores, and what they come to
    seconds: float
    findings: List[Finding]

    @property
    def first(self) -> Optional[Row]:
        """The fewest processes measured, against which the others are held."""
        return next((row for row in self.rows if row.kind == PROCESSES and row.offkit.values), None)
