"""LIB014 to LIB018 and LIB028 in words: why the loader refuses what it has found."""

import re
from typing import Iterable, Tuple

from offkit.edges import capi
from offkit.elf.resolution import ALIGNMENT, EXECUTABLE, STACK, STATIC_TLS, SYMBOL, Refusal
from offkit.model import words
from offkit.model.finding import WARNING, Finding, rank

_CODES = {SYMBOL: "LIB014", STATIC_TLS: "LIB015", EXECUTABLE: "LIB016", STACK: "LIB018", ALIGNMENT: "LIB028"}
_NAMED = 3  # as many symbols are named
_TAG = re.compile(r"\.cpython-(\d)(\d+)[a-z]*-[^./]*\.so$")
_AGAIN = "install the package again, or another version of it"
_FIRST = "import what needs the most of it first, or start Python with LD_PRELOAD={}"
_PRELOAD = "no order of imports helps: start Python with LD_PRELOAD={}"
_TUNABLE = "set GLIBC_TUNABLES=glibc.rtld.optional_static_tls={} before Python starts"
_USUAL = 512  # bytes: glibc.rtld.optional_static_tls where nobody sets it


def finding(
    refusal: Refusal,
    severity: str,
    subject: str,
    having: str,
    own: bool,
    series: str,
    loaded_for: str,
    tunable: bool = False,
) -> Finding:
    """What the loader refuses, for people. ``having`` is a file of the environment that defines the first of
    the symbols, "" for none; ``own``: the file is not the system's; ``series``: of Python; ``tunable``:
    GLIBC_TUNABLES can make the room for static TLS larger."""
    message, fix = refusal.detail, _AGAIN
    if refusal.kind == SYMBOL:
        severity, message, fix = _symbols(refusal, severity, having, own, series)
    elif refusal.kind == STATIC_TLS:
        fix = static_tls(refusal.path, refusal.size, tunable, True)
    elif refusal.kind == STACK:
        message += ", which this glibc does not give to what is opened"
        fix = "use a build that does not want it, or clear the mark: patchelf --clear-execstack FILE"
    if loaded_for:
        message += "; loaded for " + loaded_for
    return Finding(_CODES[refusal.kind], severity, subject, message, (refusal.path,), fix)


def static_tls(path: str, size: int, tunable: bool, alone: bool) -> str:
    """The cure where so many bytes of it are wanted. ``alone``: already by what one import loads."""
    if tunable:
        return _TUNABLE.format(_USUAL + size)
    return (_PRELOAD if alone else _FIRST).format(path)


def _symbols(refusal: Refusal, severity: str, having: str, own: bool, series: str) -> Tuple[str, str, str]:
    names, fix = refusal.symbols, _AGAIN
    message = "wants {}, which nothing defines that is loaded with it".format(
        words.listed(sorted(names), _NAMED)
    )
    if not refusal.certain:
        message += "; it dies when it comes to that"
    if having:
        severity = max(severity, WARNING, key=rank)
        message += "; {} does, which may be loaded before".format(having)
        fix = "nothing, if the import works; otherwise the package is broken"
    elif _for_another(refusal.path, names, series):
        message += ": it was built for another Python than {}".format(series)
        fix = "bundle again with --python {}".format(series)
    elif not own:
        fix = "'rpm -qf {}' shows its package: update that, and what it needs, with yum".format(refusal.path)
    return severity, message, fix


def _for_another(path: str, names: Iterable[str], series: str) -> bool:
    """Whether a file was built for another Python: by PEP 3149's tag, or by a name that another one has."""
    tag = _TAG.search(path)
    return (tag is not None and ".".join(tag.groups()) != series) or not capi.names().isdisjoint(names)
