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
    design: Sample = Sample()  # the origin's, scaled
    offkit: Sample = Sample()
    floor: Sample = Sample()  # decoding alone
    cpu: float = 0.0  # of offkit
    shares: Tuple[float, float, float] = (0.0, 0.0, 0.0)  # decode, convert, write: of offkit's workers
    predicted: Optional[model.Prediction] = None
    designed: Optional[model.Prediction] = None  # of the origin's design
    used: int = 0  # processes that had work in offkit: a short video is not cut further; 0: not measured

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
    stretch: int  # frames of the origin's design
    rows: List[Row]
    costs: model.Costs
    stages: Optional[model.Stages]
    memory: Dict[int, float]  # bytes a second, by processes
    computing: Dict[int, float]  # times as much as one process, by processes
    disk: float
    ahead: List[Tuple[int, model.Prediction, Optional[model.Prediction]]]  # cores, offkit's, the origin's
    seconds: float
    findings: List[Finding]
