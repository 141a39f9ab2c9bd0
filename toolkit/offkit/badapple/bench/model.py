"""What a machine with so many cores must come to: pure arithmetic on measured costs.

offkit's design has no stage that everybody waits for, so its time is the greatest of four
bounds, each of which alone would take so long: the worker with the most to do; all work
divided among the cores; the bytes moved through memory; the bytes written. Starting the
processes comes on top, one after the other.

Costs are CPU seconds on the machine that was measured. Other machines are imagined with the
same cores, only more of them, and with what ``wider`` says of their memory.
"""

from typing import Dict, List, NamedTuple, Sequence, Tuple

from offkit.badapple.video import keyframes

DECODER, CONVERSION, CORES = "decoder", "conversion", "cores"
MEMORY, DISK, STARTING = "memory", "disk", "starting"
COUNTS = (1, 2, 4, 8, 16, 32, 64)

SIBLING = 0.3  # what the second thread of a core adds to the first
_LEAST_SOCKET = 60e9  # bytes a second copied by a server's socket with all its channels in use
# Bytes per pixel. A decoded picture has 1.5; it is written once, read as reference and handed out.
_MOVED, _MOVED_BGR = 8.0, 12.5
_HELD, _HELD_BGR = 9.0, 12.0  # by a worker at any time: six pictures of reference, and the one handed out


class Costs(NamedTuple):
    """CPU seconds: of a frame, of a worker, of everything once."""

    decode: float
    hand_out: float  # the picture, from the decoder's memory
    convert: float
    write: float
    opening: float = 0.0  # a worker's: the video opened, the first picture decoded
    starting: float = 0.0  # of each process, one after the other
    once: float = 0.0

    @property
    def own(self) -> float:
        """Of a frame, what the worker's own thread does and not the decoder's."""
        return self.hand_out + self.convert + self.write

    @property
    def frame(self) -> float:
        return self.decode + self.own


class Machine(NamedTuple):
    cores: float  # processors' worth of time, see ``capacity``
    memory: float  # bytes a second that all cores together copy; 0: not known
    cache: float  # bytes of the largest caches together; 0: not known
    disk: float  # bytes a second written to the end; 0: not known


class Load(NamedTuple):
    """What there is to do."""

    frames: int
    pixels: int  # of a picture
    size: int  # bytes of the output
    colour: bool  # whether pictures are handed out as BGR rather than as luma
    keys: Tuple[int, ...] = ()  # numbers of the key frames, empty when not known
    seek: float = 0.0  # frames decoded for nothing by a seek on average, where ``keys`` is empty


class Prediction(NamedTuple):
    workers: int
    seconds: float
    limit: str  # which bound it is
    bounds: Dict[str, float]  # seconds each of them alone would take
    wasted: int  # frames decoded for nothing, after seeks


def capacity(mask: int, quota: float, siblings: int) -> float:
    """Whole cores that ``mask`` processors are worth when each core has ``siblings`` threads.

    ``quota``: processors' worth of time granted by control groups, 0 for no limit.
    """
    whole = mask / max(1, siblings)
    worth = whole + (mask - whole) * SIBLING
    return min(worth, quota) if quota else worth


def wider(machine: Machine, cores: int) -> Machine:
    """The same machine with another number of cores, and with the memory and disk it would have.

    Memory: in proportion to the cores, until what a socket has; never less than measured. The
    cache stays as it is, the disk too.
    """
    grown = machine.memory * cores / machine.cores
    return machine._replace(cores=float(cores), memory=max(machine.memory, min(grown, _LEAST_SOCKET)))


def stretches(load: Load, workers: int) -> List[Tuple[int, int]]:
    """(frames, frames decoded for nothing before them) of each worker, cut as ``convert`` cuts."""
    found = []
    for start, stop in keyframes.stretches(load.frames, workers, load.keys):
        wasted = keyframes.waste(start, load.keys)
        if start and not load.keys:
            wasted = round(load.seek)
        found.append(((stop or load.frames) - start, wasted))
    return found


def predict(load: Load, costs: Costs, machine: Machine, workers: int, threads: float = 1) -> Prediction:
    """The wall time of a conversion by ``workers`` processes.

    ``threads``: how many times faster each one's decoder is than one thread, if cores are free.
    """
    shares = stretches(load, workers)
    count = len(shares)
    width = max(1.0, min(threads, machine.cores / count))
    # One thread does all; with more, pictures are decoded while earlier ones are converted.
    pace = costs.frame if width == 1.0 else max(costs.own, costs.frame / width)
    longest = max(costs.opening + frames * pace + wasted * costs.decode / width for frames, wasted in shares)
    wasted = sum(part[1] for part in shares)
    work = count * costs.opening + load.frames * costs.frame + wasted * costs.decode
    held = count * load.pixels * (_HELD_BGR if load.colour else _HELD)
    missed = max(0.0, 1.0 - machine.cache / held)  # the part of all accesses that caches do not serve
    passed = load.pixels * (_MOVED_BGR if load.colour else _MOVED)
    moved = (load.frames + wasted) * passed * missed + 2 * load.size
    bounds = {
        DECODER if costs.decode >= costs.own else CONVERSION: longest,
        CORES: work / machine.cores,
        MEMORY: moved / (2 * machine.memory) if machine.memory else 0.0,  # a copy reads and writes
        DISK: load.size / machine.disk if machine.disk else 0.0,
        STARTING: costs.once + count * costs.starting,
    }
    ended = max(value for name, value in bounds.items() if name != STARTING)
    # As many workers as cores: that all are busy says more than that each has its share.
    limit = max(bounds, key=lambda name: bounds[name] * (1.05 if name == CORES else 1.0))
    return Prediction(count, bounds[STARTING] + ended, limit, bounds, wasted)


def serial_part(seconds: Sequence[Tuple[int, float]]) -> float:
    """The part of the time at one process that more processes do not shorten (Amdahl), 0 to 1.

    ``seconds``: (processes, wall time) measured, the first with the fewest; the least squares
    of T(n) = T(1) (s + (1 - s) / n).
    """
    first, whole = seconds[0]
    above = below = 0.0
    for count, taken in seconds[1:]:
        gone = 1.0 - first / count
        above += gone * (taken / whole - first / count)
        below += gone * gone
    return min(1.0, max(0.0, above / below)) if below else 0.0
