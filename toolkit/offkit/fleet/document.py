"""The fleet as one JSON document, offkit/fleet-1 (model/schemas/fleet-1.json). Pure."""

from typing import Any, Dict

from offkit.fleet import health
from offkit.fleet.health import HEALTHY, PROBLEMS, UNREACHED, Health
from offkit.fleet.host import Result
from offkit.fleet.overview import Fleet

SCHEMA = "offkit/fleet-1"


def content(fleet: Fleet) -> Dict[str, Any]:
    """All fields but the schema."""
    counts = {state: len(fleet.of_state(state)) for state in (HEALTHY, PROBLEMS, UNREACHED)}
    return {
        "newest": fleet.newest,
        "counts": dict(hosts=len(fleet.hosts), **counts),
        "hosts": [_host(one) for one in fleet.hosts],
        "problems": [
            dict(
                each.finding.to_json(),
                hosts=list(each.hosts),
                messages=each.messages,
            )
            for each in fleet.problems
        ],
        "cures": [
            {
                "system": cure.system,
                "install_line": cure.line,
                "rpms": list(cure.rpms),
                "libraries": list(cure.libraries),
                "hosts": list(cure.hosts),
                "stale": list(cure.stale),
            }
            for cure in fleet.cures
        ],
        "findings": [finding.to_json() for finding in fleet.findings],
    }


def _host(one: Health) -> Dict[str, Any]:
    host = one.host
    return {
        "host": host.name,
        "groups": list(host.groups),
        "state": one.state,
        "message": one.why,
        "time": host.time,
        "server": dict(host.server._asdict()) if host.server else None,
        "generation": host.generation,
        "errors": one.errors,
        "warnings": one.warnings,
        "checks": {name: dict(one.cells[name]._asdict()) for name in health.CHECKS},
        "frames_per_second": one.rate,
        "workers": one.workers,
        "results": [_result(one, result) for result in host.results],
    }


def _result(one: Health, result: Result) -> Dict[str, Any]:
    return {
        "name": result.name,
        "time": result.time,
        "rc": result.rc,
        "schema": result.schema,
        "counts": result in one.counted,
        "failed": health.failed(result),
        "message": health.headline(result),
        "stale": one.stale.get(result.name, ""),
    }
