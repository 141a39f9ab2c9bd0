"""install.sh: its parts joined, with what it has to know before it can read a manifest.

It is one file on the server and several here. Nothing in this module is newer than Python 3.6:
the parts are tested on the interpreters of the server.
"""

import hashlib
import pkgutil
import re
import shlex
import textwrap
from typing import Dict, List, NamedTuple, Sequence, Tuple

from offkit.edges import data, releases
from offkit.model import layout, packages
from offkit.model.carried import BUILD, SOURCE, Carried
from offkit.model.errors import OffkitError
from offkit.model.finding import ERROR
from offkit.model.manifest import folder
from offkit.model.release import Release, told_keys
from offkit.model.target import Target
from offkit.online.carry import repo_file, rules

# A shell reads from the top: the self-check is first, the call of main last, between them functions.
PARTS = (
    "start",
    "arguments",
    "find",
    "bundle",
    "release",
    "media",
    "web",
    "iso",
    "metadata",
    "rpms",
    "yum",
    "source",
    "build",
    "ways",
    "rehearse",
    "probe",
    "main",
)
SEVERAL = (*PARTS[:-1], "several", PARTS[-1])
_OFFSET = b"@REST_OFFSET"  # 12 characters, as the number that takes its place
_DIGEST = b"@OFFKIT_REST_SHA256".ljust(64, b"@")  # 64, as the digest
_VARIABLES = b"@OFFKIT_VARIABLES@"
# The script's own variables are in lower case or begin with OFFKIT_; others are the environment's.
_OWN = rb"([a-z_][a-z0-9_]*|OFFKIT_[A-Z0-9_]+)"
_EXPANDED = re.compile(rb"\$\{?#?" + _OWN)
_ASSIGNED = re.compile(rb"(?<![\w@])" + _OWN + rb"=")
_READ = re.compile(rb"\bread -r((?: [a-z_][a-z0-9_]*)+)|\bfor ([a-z_][a-z0-9_]*) in")
_SELF = b"# sha256 @OFFKIT_SELF_SHA256@"


class For(NamedTuple):
    """One target of a bundle, and what is carried for it."""

    where: Target
    carried: Sequence[Carried] = ()
    rpms: Sequence[str] = ()  # NAME-VERSION-RELEASE.ARCH


def script(where: Target, pyz: bytes, carried: Sequence[Carried] = (), rpms: Sequence[str] = ()) -> bytes:
    """The joined parts for a target, its runtime, and the Pythons and RPMs (NAME-VERSION-RELEASE.ARCH)
    that the bundle carries; ``seal`` completes them.

    The length is final: what is still to come takes the place of as many characters. Raises
    OffkitError when this offkit is incomplete.
    """
    values = {**_values(For(where, carried, rpms)), "FIND": "find_python", "TOP": "", "TOP_WORD": ""}
    return _joined(PARTS, {**values, **_common(pyz, [where.python_minor])})


def script_of_several(targets: Sequence[Tuple[str, For]], pyz: bytes) -> bytes:
    """The same for several targets, each with its name in the bundle: the server finds out which it is."""
    own = {name: _values(one) for name, one in targets}
    lines = [
        " ".join(
            (name, _word(one.where.release), one.where.arch, one.where.python_minor, one.where.glibc_text)
        )
        for name, one in targets
    ]
    series = dict.fromkeys(one.where.python_minor for _, one in targets)
    values = {
        **dict.fromkeys(own[targets[0][0]], ""),
        "PYTHON": shlex.quote(" or ".join(series)),  # for --help; nothing else is asked before one is taken
        "FIND": "find_target",
        "TOP": "${OFFKIT_TOP}",
        "TOP_WORD": '"$OFFKIT_TOP"',
        "TARGETS": "\n".join(lines),
        "TARGET_VALUES": "\n".join(_case(name, each) for name, each in own.items()),
    }
    return _joined(SEVERAL, {**values, **_common(pyz, list(series))})


def _word(text: str) -> str:
    """For a table: somebody may have written into a target what he likes."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text) or "_"


def _case(name: str, values: Dict[str, str]) -> str:
    """What ``set_target`` does for it."""
    if values["REPO"]:
        values = dict(values, REPO=folder(name) + values["REPO"])
    return _assigned(name, values)


def _assigned(pattern: str, values: Dict[str, str]) -> str:
    """A branch of a case that sets variables."""
    lines = ["            OFFKIT_{}={}".format(key, shlex.quote(value)) for key, value in values.items()]
    pattern = shlex.quote(pattern) if " " in pattern else pattern
    return "\n".join(["        {})".format(pattern), *lines, "            ;;"])


def _joined(parts: Sequence[str], values: Dict[str, str]) -> bytes:
    text = b"".join(part(name) for name in parts)
    text = _filled(text.replace(_VARIABLES, _folded(variables(text))), values)
    text = text.replace(b"@OFFKIT_REST_OFFSET@", _OFFSET).replace(b"@OFFKIT_REST_SHA256@", _DIGEST)
    return _vouched(text.partition(_SELF)[0])


def part(name: str) -> bytes:
    """One of PARTS, with what is the same in every bundle (online/carry/rules.py)."""
    return _filled(_part(name), rules.texts())


def variables(text: bytes) -> List[bytes]:
    """The names that a script of ours sets or uses, in order; awk's among them, which does no harm."""
    found = set(_EXPANDED.findall(text)) | set(_ASSIGNED.findall(text))
    for words in _READ.findall(text):
        found.update(b" ".join(words).split())
    return sorted(found - {b"_"})


def seal(text: bytes, offset: int, digest: str) -> bytes:
    """``script``'s answer with the place where the bundle goes on behind the manifest.

    ``offset`` counts bytes from the start of the tar to the header of offkit.pyz, ``digest`` is the
    hex SHA-256 of all bytes from there on. Without it install.sh would run what nobody vouched for.
    """
    body = text[: text.rindex(b"# sha256 ")]
    body = body.replace(_OFFSET, b"%012d" % offset).replace(_DIGEST, digest.encode("ascii"))
    return _vouched(body)


def _common(pyz: bytes, series: Sequence[str]) -> Dict[str, str]:
    """What does not depend on the target, but for the series of Python."""
    digest = hashlib.sha256(pyz).hexdigest()
    others = [
        _assigned("{} {}".format(minor, each.name), _of_release(each, minor)).strip() + "\n        "
        for minor in series
        for each in releases.known().all
    ]
    return {"PYZ_SHA256": digest, "FOLDERS": " ".join(releases.folders()), "OTHERS": "".join(others)}


def _of_release(release: Release, minor: str) -> Dict[str, str]:
    """What of it brings a Python of that series."""
    python = release.pythons.get(minor)
    install, payload, media = (python.install, python.payload, python.media) if python else ((), (), "")
    return {
        "EL": str(release.el),
        "PACKAGES": " ".join(install),
        "PAYLOAD": " ".join(payload),
        "MEDIA": media,
        "KEYS": " ".join("{}:{}".format(*each) for each in told_keys(release.keys)),
    }


def _values(one: For) -> Dict[str, str]:
    where, carried, rpms = one
    modules = packages.parse_modules(data.read_text(packages.MODULES))
    modules = [one for one in modules if one.exists_in(where.python_series)]
    release = releases.of(where.el, where.name)
    devel = {one.name: release.module(one.name).devel for one in modules}
    python = release.pythons.get(where.python_minor)
    install = python.install if python else ()
    return {
        **_of_release(release, where.python_minor),
        "PYTHON": where.python_minor,
        "EL": str(where.el),
        "RELEASE": _word(where.release),
        "ARCH": where.arch,
        "RPMS": "1" if install and {*install} <= {title.rsplit("-", 2)[0] for title in rpms} else "",
        "REPO": "".join(repo_file.members(release, layout.ISO_MOUNT)),
        "REPO_KEY": release.media.key,
        "SOURCE": _tarball(carried, SOURCE),
        "BUILD": _tarball(carried, BUILD),
        "DEVEL": " ".join(sorted({name for names in devel.values() for name in names})),
        "MODULES": " ".join(name for one in modules for name in one.modules),
        "ESSENTIAL": " ".join(
            "{}:{}".format(name, ",".join(devel[one.name]))
            for one in modules
            if one.severity == ERROR
            for name in one.modules
        ),
    }


def _tarball(carried: Sequence[Carried], kind: str) -> str:
    """Member, version, SHA-256 (hex) and size once unpacked (KiB); empty when none is carried."""
    for one in carried:
        if one.kind == kind:
            return "{} {} {} {}".format(one.member, one.version, one.sha256, -(-one.unpacked // 1024))
    return ""


def _part(name: str) -> bytes:
    path = "server/bootstrap/{}.sh".format(name)
    try:
        text = pkgutil.get_data("offkit", path)
    except OSError:
        text = None
    if text is None:
        raise OffkitError("this offkit is incomplete: {} is missing".format(path))
    return text.replace(b"\r\n", b"\n")


def _filled(text: bytes, values: Dict[str, str]) -> bytes:
    for name, value in values.items():
        text = text.replace("@OFFKIT_{}@".format(name).encode("ascii"), value.encode("ascii"))
    return text


def _folded(words: Sequence[bytes]) -> bytes:
    """As one command of a shell in lines of readable length."""
    lines = textwrap.wrap(b" ".join(words).decode("ascii"), 100, break_on_hyphens=False)
    return " \\\n    ".join(lines).encode("ascii")


def _vouched(body: bytes) -> bytes:
    """The last line vouches for all the others, and is the only one that begins like this."""
    return body + b"# sha256 " + hashlib.sha256(body).hexdigest().encode("ascii") + b"\n"
