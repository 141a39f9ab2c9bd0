"""offkit's documents: found in what a server said, and told in one line."""

import json

# What a fix of install.sh is called in a play.
_FIXES = {
    "PY020": "offkit_isos, offkit_rpm_repos or offkit_media_host can provide one, or the bundle can: "
    "offkit bundle --python-build or --python-source",
}
_DECODER = json.JSONDecoder()


def find(text):
    """The first JSON object with a "schema" that begins on a line of its own; None without one."""
    at = 0
    while True:
        at = text.find("{", at)
        if at < 0:
            return None
        if at == 0 or text[at - 1] == "\n":
            try:
                data, _ = _DECODER.raw_decode(text, at)
            except ValueError:
                data = None
            if isinstance(data, dict) and "schema" in data:
                return clean(data)
        at += 1


def clean(value):
    """A document whose texts are UTF-8: a Python in the C locale hands on bytes it cannot read as lone
    surrogates (PEP 383), which Ansible refuses."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, list):
        return [clean(one) for one in value]
    if isinstance(value, dict):
        return {clean(name): clean(one) for name, one in value.items()}
    return value


def findings(document):
    """The findings of a document, errors first."""
    found = [one for one in (document or {}).get("findings") or [] if isinstance(one, dict)]
    weight = {"error": 0, "warning": 1}
    return sorted(found, key=lambda one: weight.get(one.get("severity"), 2))


def errors(document):
    return [one for one in findings(document) if one.get("severity") == "error"]


def changed(document):
    """Whether the command has changed something, or in a dry run would."""
    if document is None or document.get("schema") == "offkit/error-1":
        return False
    if str(document.get("schema")).startswith("offkit/install-"):
        steps = [one for one in document.get("steps") or [] if one.get("action") != "smoke"]
        return document.get("outcome") != "nothing" or bool(steps)
    return document.get("outcome") == "switch"


def of_bundle(document, rc):
    """Whether the bundle is at fault, and not the server it met or a medium there: it is damaged (BUN…,
    or install.sh's exit code 3 without a code), or its packages do not fit together (PKG020)."""
    codes = [str(one.get("code", "")) for one in errors(document)]
    if not codes:
        return rc == 3 and document is not None
    return any(code.startswith("BUN") or code == "PKG020" for code in codes)


def line(document, rc, stderr="", prefix=""):
    """All of it in one line for people. ``rc`` and ``stderr`` speak where there is no document."""
    if document is None:
        return _silent(rc, stderr)
    problems = errors(document)
    schema = str(document.get("schema"))
    if schema == "offkit/error-1":
        if problems:
            return _problems(problems, document)
        return one_line(document.get("error", "failed"), document.get("fix", ""))
    if problems:
        return _problems(problems, document)
    if rc:
        return "exit {}: {}".format(rc, _tail(stderr) or "it reported no finding")
    teller = _TELLERS.get(schema.partition("/")[2].rpartition("-")[0])
    told = teller(document) if teller else "done"
    warnings = sum(one.get("severity") == "warning" for one in findings(document))
    if warnings:
        told += "; {} warning{}".format(warnings, "s" * (warnings > 1))
    return told


def one_line(message, fix=""):
    """The first line of a message, and of what to do about it with what that line announces."""
    rows = [" ".join(row.split()) for row in str(fix or "").splitlines()]
    told = rows[:1]
    if told and told[0].endswith(":"):
        told = [told[0] + " " + ", ".join(rows[1:4])]
    told = [" ".join(row.split()) for row in str(message or "").splitlines()[:1]] + told
    return "; ".join(row for row in told if row)


def several(count, noun, plural=""):
    """``1 host``, ``2 hosts``, as offkit.model.words has it."""
    return "{} {}".format(count, noun if count == 1 else plural or noun + "s")


def packages_text(packages, most=6):
    """``numpy 1.19.5, idna 3.4`` of a document's packages."""
    told = ["{} {}".format(one.get("name"), one.get("version")) for one in packages or []]
    if len(told) > most:
        told = told[:most] + ["and {} more".format(len(told) - most)]
    return ", ".join(told)


def _problems(problems, document):
    first = problems[0]
    code = str(first.get("code", ""))
    fix = document.get("install_line") if code.startswith("LIB") else _FIXES.get(code)
    message = str(first.get("message", ""))
    subject = str(first.get("subject", ""))
    if subject and subject not in message:
        message = "{}: {}".format(subject, message)
    text = one_line("{} {}".format(code, message), fix or first.get("fix") or document.get("fix"))
    if len(problems) > 1:
        text += " (and {} more)".format(len(problems) - 1)
    return text


def _silent(rc, stderr):
    how = "exit {}".format(rc)
    if 128 < rc < 160:
        how += ", killed by signal {}".format(rc - 128)
    return "offkit gave no result ({}): {}".format(how, _tail(stderr) or "nothing on stderr")


def _tail(stderr, lines=3):
    rows = [row.strip() for row in (stderr or "").splitlines() if row.strip()]
    return " / ".join(rows[-lines:])


def _install(document):
    packages = packages_text(document.get("packages"))
    name = document.get("generation", "")
    if not changed(document):
        return "{} is current, nothing to do ({})".format(name, packages)
    done = {"install": "installed", "switch": "switched back to", "nothing": "completed"}
    would = {"install": "would install", "switch": "would switch back to", "nothing": "would complete"}
    verb = (would if document.get("dry_run") else done).get(document.get("outcome"), "")
    return "{} {} ({})".format(verb, name, packages)


def _rollback(document):
    name, left = document.get("generation", ""), document.get("left", "")
    if not changed(document):
        return "{} is current, nothing to do".format(name)
    verb = "would make {} current" if document.get("dry_run") else "{} is current"
    return verb.format(name) + (" (was {})".format(left) if left else "")


def _doctor(document):
    summary = document.get("summary") or {}
    packages, modules = summary.get("distributions", 0), summary.get("modules", 0)
    return "healthy: {} complete, {} with every library".format(
        several(packages, "package"), several(modules, "extension module")
    )


def _smoke(document):
    told = [several(document.get("imported", "?"), "module") + " imported"]
    passed = len(document.get("checks") or [])
    return ", ".join(told + (["{} passed".format(several(passed, "check"))] if passed else []))


def _verify(document):
    return "{} correct, {} per second with {}".format(
        several(document.get("frames", "?"), "frame"),
        several(document.get("frames_per_second", "?"), "frame"),
        several(document.get("workers", "?"), "process", "processes"),
    )


def _generations(document):
    return "{}, current is {}".format(
        several(len(document.get("generations") or []), "generation"), document.get("current") or "none"
    )


_TELLERS = {
    "install": _install,
    "rollback": _rollback,
    "doctor": _doctor,
    "smoke": _smoke,
    "run-badapple": _verify,
    "generations": _generations,
}
