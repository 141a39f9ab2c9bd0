"""What servers report, as data: documents offkit/host-1 with the answers of offkit in them.

Their shapes are those of real answers; tests/house/test_fleet_schema.py asks the real doctor.
"""

import copy
import json
import os

YUM = "yum --disablerepo='*' --enablerepo='offkit-*' install "
EL7 = {
    "system": "CentOS Linux 7 (Core)",
    "el": 7,
    "arch": "x86_64",
    "glibc": "2.17",
    "python": "3.6.8",
}
EL9 = {"system": "AlmaLinux 9.4", "el": 9, "arch": "x86_64", "glibc": "2.34", "python": "3.9.18"}


def found(code, subject, severity="error", message="is missing", fix="", looked_in=()):
    return {
        "code": code,
        "severity": severity,
        "subject": subject,
        "message": message,
        "looked_in": list(looked_in),
        "fix": fix,
    }


def lacks(soname, rpm):
    """A library that is not there, as the doctor says it."""
    return found("LIB001", soname, "error", "is missing; needed by cv2", YUM + rpm, ["/lib64", "/usr/lib64"])


def doctor(*findings):
    """offkit/doctor-1, with the line that brings the libraries that are missing."""
    names = {each["subject"]: each["fix"].split()[-1] for each in findings if each["code"] == "LIB001"}
    line = YUM + " ".join(sorted(set(names.values()))) if names else ""
    return {
        "schema": "offkit/doctor-1",
        "environment": "/opt/offkit/generations/0001-6be1b615",
        "checks": ["interpreter", "libraries", "packages", "machine", "repositories"],
        "summary": {"system": "CentOS Linux 7 (Core)", "el": 7, "python": "3.6.8", "install_line": line},
        "findings": list(findings),
        "providers": [{"soname": name, "rpms": [names[name]], "source": "table"} for name in sorted(names)],
        "repositories": [],
        "install_line": line,
        "fix": None,
    }


def film(rate=1661.8, workers=2, *findings):
    """offkit/run-badapple-1"""
    return {
        "schema": "offkit/run-badapple-1",
        "verified": not any(each["severity"] == "error" for each in findings),
        "frames": 180,
        "workers": workers,
        "frames_per_second": rate,
        "findings": list(findings),
    }


def installed(outcome="install", *findings):
    """offkit/install-1"""
    return {
        "schema": "offkit/install-1",
        "outcome": outcome,
        "dry_run": False,
        "generation": "0001-6be1b615",
        "packages": [{"name": "numpy", "version": "1.18.2"}],
        "findings": list(findings),
    }


def switched(outcome="switch"):
    """offkit/rollback-1"""
    return {"schema": "offkit/rollback-1", "outcome": outcome, "dry_run": False, "findings": []}


def refused(error, *findings):
    """offkit/error-1"""
    return {
        "schema": "offkit/error-1",
        "error": error,
        "exit_code": 4,
        "findings": list(findings),
        "fix": "",
    }


def ended(document, rc=0, time="2026-01-02T03:05:00Z", stderr=""):
    """One of a host's results."""
    return {"time": time, "rc": rc, "document": document, "stderr": stderr}


def well(rate=1661.8, workers=2):
    """The results of a host that is in order."""
    return {
        "deploy": ended(installed(), time="2026-01-02T03:04:00Z"),
        "doctor": ended(doctor(), time="2026-01-02T03:05:00Z"),
        "verify": ended(film(rate, workers), time="2026-01-02T03:06:00Z"),
    }


def host(name="web01", results=None, message="", reachable=True, server=EL7, groups=("web",)):
    """offkit/host-1; without results those of a host that is in order."""
    results = well() if results is None else results
    return {
        "schema": "offkit/host-1",
        "host": name,
        "groups": list(groups),
        "time": max([each["time"] for each in results.values()] or ["2026-01-02T03:00:00Z"]),
        "reachable": reachable,
        "message": message,
        "server": copy.deepcopy(server),
        "generation": "0001-6be1b615",
        "results": results,
    }


def write(directory, *hosts):
    """The report's directory, with a file for each host; returns its path."""
    folder = os.path.join(str(directory), "hosts")
    if not os.path.isdir(folder):
        os.makedirs(folder)
    for number, each in enumerate(hosts):
        name = str(each["host"])
        name = name if name.isalnum() else "host{}".format(number)
        put(directory, name + ".json", json.dumps(each))
    return str(directory)


def put(directory, name, content):
    """A file among those of the hosts, of text or bytes; returns its path."""
    path = os.path.join(str(directory), "hosts", name)
    with open(path, "wb") as sink:
        sink.write(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def sick(name, *sonames):
    """A host on which the doctor misses libraries (libSM.so.6: the package libSM) and the film fails."""
    missing = [lacks(each, each.partition(".so")[0]) for each in sonames]
    results = well()
    results["doctor"] = ended(doctor(*missing), 1)
    import_fails = found("VID001", "cv2", message="import cv2 fails: {}".format(sonames[0]))
    results["verify"] = ended(refused("this Python cannot run the workload", import_fails), 4)
    return host(name, results)


def lost(name, why="No route to host", results=None):
    """A host that was not reached."""
    return host(name, results or {}, why, reachable=False)
