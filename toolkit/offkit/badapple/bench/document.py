"""The bench for programs: the content of the document ``offkit/bench-badapple-1``."""

from typing import Any, Dict, Optional

from offkit.badapple.bench import model, table
from offkit.badapple.bench.numbers import Sample
from offkit.badapple.bench.outcome import PROCESSES, Outcome, Row

SCHEMA = "offkit/bench-badapple-1"


def content(outcome: Outcome) -> Dict[str, Any]:
    """Seconds unless the name says otherwise; null where nothing was measured."""
    here, grid = outcome.machine, outcome.form.look.grid
    return {
        "video": outcome.video.path,
        "frames": outcome.frames,
        "resolution": [outcome.video.width, outcome.video.height],
        "rows": grid.rows,
        "columns": grid.columns,
        "cv2": outcome.libraries.cv2,
        "numpy": outcome.libraries.numpy,
        "machine": {
            "processor": here.name,
            "processors_online": here.online,
            "processors_usable": here.mask,
            "quota": here.quota,
            "threads_per_core": here.siblings if here.known else None,
            "cache_bytes": here.cache or None,
            "load_before": here.load,
            "memory_bytes_per_second": {str(key): round(value) for key, value in outcome.memory.items()},
            "disk_bytes_per_second": round(outcome.disk),
        },
        "repeats": outcome.repeats,
        "measurements": [_row(row, outcome.first) for row in outcome.rows],
        "costs": {
            "offkit_microseconds": {
                name: round(value * 1e6, 1) for name, value in outcome.costs._asdict().items()
            }
        },
        "model": [{"cores": cores, "offkit": _prediction(found)} for cores, found in outcome.ahead],
        "seconds": round(outcome.seconds, 1),
        "findings": [finding.to_json() for finding in outcome.findings],
    }


def _row(row: Row, first: Optional[Row]) -> Dict[str, Any]:
    up = table.speed_up(row, first)
    found: Dict[str, Any] = {
        "kind": row.kind,
        "workers": row.workers,
        "origin_laptop": table.LAPTOP.get((row.kind, row.workers)),
        "origin_server": table.SERVER.get((row.kind, row.workers)),
        "offkit": _sample(row.offkit),
        "speed_up": round(up, 3) or None,
        "efficiency": round(table.efficiency(row, first), 3) or None,
    }
    if row.kind == PROCESSES:
        names = ("decode", "convert", "write")
        found.update(
            workers_used=row.used or None,
            decoding_alone=_sample(row.floor),
            cpu_seconds=round(row.cpu, 3),
            times_decoding_alone=round(table.times_decoding(row), 3) or None,
            worker_seconds={name: round(share, 3) for name, share in zip(names, row.shares)},
            model=_prediction(row.predicted),
        )
    return found


def _sample(sample: Sample) -> Optional[Dict[str, Any]]:
    if not sample.values:
        return None
    return {
        "median": round(sample.median, 3),
        "least": round(min(sample.values), 3),
        "greatest": round(max(sample.values), 3),
        "values": [round(value, 3) for value in sample.values],
    }


def _prediction(found: Optional[model.Prediction]) -> Optional[Dict[str, Any]]:
    if found is None:
        return None
    return {
        "workers": found.workers,
        "seconds": round(found.seconds, 3),
        "limit": found.limit,
        "bounds": {name: round(value, 3) for name, value in found.bounds.items()},
        "frames_wasted": found.wasted,
    }
