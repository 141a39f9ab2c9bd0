"""Collections of others for a control node: ansible-galaxy resolves, downloads, verifies and unpacks them.

Its configuration is the user's: ansible.cfg, ANSIBLE_GALAXY_*, and its tokens, which nothing here shows.
"""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import posixpath
import re
import shutil
import stat
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from offkit.edges import leftovers
from offkit.edges.run import Result, clean_environment, run
from offkit.model.control_node import Collection
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.model.url import without_secrets
from offkit.online.carry import collection

PROGRAM = "ansible-galaxy"
_OWN = ("offkit", "fleet")
_SHEET = (".yml", ".yaml")  # requirements.yml
# A name, and what 'ansible-galaxy collection download' takes as a version of it.
_NAME = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*(?::\S.*)?")
_REMOTE = re.compile(r"(?:git\+)?\w+://\S+|git@\S+")
_CAME = re.compile(r"^Downloading (\S+) to ", re.MULTILINE)
# As Ansible reads it when it loads a collection (plugins/loader.py, requires_ansible).
_REQUIRES = re.compile(
    r"""^requires_ansible:[ \t]+(?:"([^"\n]*)"|'([^'\n]*)'|([^"'#\s][^#\n]*))""", re.MULTILINE
)
_PASSED_ON = re.compile(
    r"(?:ANSIBLE_\w+|(?:https?|no)_proxy|SSL_CERT_(?:FILE|DIR)|XDG_\w+|SSH_AUTH_SOCK)", re.I
)
_SECRET = re.compile(r"TOKEN|PASSWORD|SECRET|API_KEY")


class _Answer(NamedTuple):
    """A row: what ansible-galaxy says (ansible/galaxy/ of 2.16), what kind of error, what helps."""

    said: str
    error: type[OffkitError]
    fix: str


_ANSWERS = (
    _Answer(
        r"Unknown error when attempting to call Galaxy|urlopen error|timed out|Connection (?:refused|reset)|"
        r"HTTP (?:Code:|Error) (?:40[137]|429|5\d\d)|CERTIFICATE|No access token|No setting was provided",
        EnvironmentProblem,
        "'ansible-galaxy collection download NAMESPACE.NAME' must work here: its server, token and proxy are "
        "those of ansible.cfg, ANSIBLE_GALAXY_* and https_proxy; or give every collection as a tar.gz",
    ),
    _Answer(
        r"not a valid tar file|does not contain the required file|Checksum mismatch|hash mismatch|"
        r"[Mm]ismatched artifact hash|Unable to extract|ended before the end|unexpected end of data|"
        r"Error -3 while decompressing|CRC check failed",
        IntegrityError,
        "give the tar.gz that 'ansible-galaxy collection build' or 'download' writes; copy it again where it "
        "comes from elsewhere",
    ),
    _Answer(
        r"resolve the requested dependencies|Could not satisfy",
        RequestError,
        "check name and version; what another collection needs and no server has is given as a tar.gz too: "
        "--collection FILE for each",
    ),
)


class Taken(NamedTuple):
    """Collections, ready to be carried."""

    collections: tuple[Collection, ...]
    wheel: collection.Wheel
    requires: Mapping[str, str]  # by NAMESPACE.NAME: the versions of ansible-core that it works with


def look(asked: Sequence[str]) -> None:
    """Raises UsageError for what names no collection, EnvironmentProblem where ansible-galaxy is missing."""
    sheets = [one for one in asked if one.endswith(_SHEET)]
    for one in asked:
        if one in sheets or _is_path(one):
            if not os.path.exists(one):
                raise UsageError(f"--collection: there is no {one}", fix="check the path")
        elif not (_NAME.fullmatch(one) or _REMOTE.fullmatch(one)):
            raise UsageError(
                f"--collection {without_secrets(one)} names no collection",
                fix="give NAMESPACE.NAME[:VERSION], the tar.gz of a collection, or a requirements.yml",
            )
    if sheets and len(asked) > 1:
        raise UsageError(
            "--collection takes one requirements.yml, or collections: ansible-galaxy resolves either",
            fix=f"add the others to {sheets[0]}",
        )
    if asked:
        _program()


def take(asked: Sequence[str], reporter: Reporter) -> Taken:
    """These and what they depend on. Raises what ``look`` raises, and the error that ansible-galaxy's is."""
    look(asked)
    reporter.step("asking ansible-galaxy for collections")
    sheet = asked[0] if asked[0].endswith(_SHEET) else ""
    words = ["-r", os.path.abspath(sheet)] if sheet else [_absolute(one) for one in asked]
    with leftovers.scratch() as folder:
        archives, unpacked = os.path.join(folder, "archives"), os.path.join(folder, "unpacked")
        done = _ask(folder, "download", "-p", archives, *words)
        if "Skipping Galaxy server" in done.stderr:
            reporter.warn("a Galaxy server could not be asked; ansible-galaxy found everything without it")
        found = sorted(one for one in Path(archives).iterdir() if one.name != "requirements.yml")
        if not found:
            raise UsageError(f"{asked[0]} names no collection", fix="list them below 'collections:' there")
        if done.stdout.count("was downloaded successfully") > len(found):
            raise UsageError("two of the collections are in files of the same name", fix="rename one of them")
        _ask(folder, "install", "--offline", "--no-deps", "--force", "-p", unpacked, *map(str, found))
        came = {url.rpartition("/")[2]: without_secrets(url) for url in _CAME.findall(done.stdout)}
        given = [sheet] if sheet else [one for one in asked if _is_path(one)]
        return _taken(found, os.path.join(unpacked, "ansible_collections"), came, given)


def refuse(taken: Taken, ansible: str) -> None:
    """Raises RequestError for collections that do not work with that version of ansible-core."""
    try:
        core = Version(ansible).base_version
    except InvalidVersion:  # none in the lock
        return
    wrong = [f"{name} ({wanted})" for name, wanted in taken.requires.items() if not _fits(wanted, core)]
    if wrong:
        raise RequestError(
            f"the bundle has ansible-core {ansible}, and another is needed by {', '.join(wrong)}",
            fix="ask for an older version: --collection 'NAMESPACE.NAME:<VERSION'; "
            "requires_ansible in its meta/runtime.yml says what it needs",
        )


def _fits(wanted: str, core: str) -> bool:
    try:
        return SpecifierSet(wanted).contains(core)
    except InvalidSpecifier:  # Ansible warns of it, and goes on
        return True


def _is_path(word: str) -> bool:
    return (word.endswith((".tar.gz", ".tgz")) and not _REMOTE.fullmatch(word)) or os.path.isdir(word)


def _absolute(word: str) -> str:
    return os.path.abspath(word) if _is_path(word) else word


def _program() -> str:
    beside = os.path.join(os.path.dirname(sys.executable), PROGRAM)
    found = beside if os.access(beside, os.X_OK) else shutil.which(PROGRAM)
    if not found:
        raise EnvironmentProblem(
            "--collection needs ansible-galaxy, which is neither beside this offkit nor on PATH",
            fix="pip install 'offkit[collections]', or ansible-core",
        )
    return found


def _ask(folder: str, *words: str) -> Result:
    """``ansible-galaxy collection`` with these words. Raises what its answer means."""
    done = run([_program(), "collection", *words], env=_environment(folder), alone=True)
    if done.ok:
        return done
    said = _without_secrets(done.stderr)
    told = re.split(r"\n\s*\n(?=to see the full|the full traceback)|\nTraceback ", said)[0]
    lines = told.rpartition("ERROR! ")[2].split() or [f"it ended with {done.returncode}"]
    row = next((row for row in _ANSWERS if re.search(row.said, said)), None)
    message = f"ansible-galaxy could not {words[0]} the collections: {' '.join(lines)}"
    raise (row.error if row else RequestError)(message, fix=row.fix if row else "")


def _environment(folder: str) -> dict[str, str]:
    """The user's, for a program that may ask name servers, speaks English and wants UTF-8."""
    more = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)}
    more.update(
        ANSIBLE_COLLECTIONS_PATH=os.path.join(folder, "unpacked"),  # not what is installed here
        ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false",
        ANSIBLE_FORCE_COLOR="false",
        ANSIBLE_NOCOLOR="true",
        GIT_TERMINAL_PROMPT="0",
        LC_ALL="C.UTF-8" if sys.platform.startswith("linux") else "en_US.UTF-8",
        RES_OPTIONS=os.environ.get("RES_OPTIONS", ""),
    )
    return clean_environment(more)


def _without_secrets(text: str) -> str:
    """What may be shown of what it says; a token that it may have from our environment is none of that."""
    for name, value in os.environ.items():
        if name.startswith("ANSIBLE_") and _SECRET.search(name) and value:
            text = text.replace(value, "...")
    return without_secrets(text)


def _taken(archives: Sequence[Path], top: str, came: Mapping[str, str], given: Sequence[str]) -> Taken:
    """From what was downloaded and what was unpacked of it; ``came``: URLs by the names of files."""
    files, executable, requires, rows = {}, [], {}, []
    for archive in archives:
        namespace, name, version = _about(archive)
        if (namespace, name) == _OWN:
            raise RequestError(
                "offkit.fleet cannot be asked for", fix="leave it out: --control-node adds offkit's own"
            )
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        rows.append(
            Collection(namespace, name, version, digest, came.get(archive.name) or _given(archive, given))
        )
        below = f"{namespace}/{name}"
        for path, full in _files(os.path.join(top, below)):
            files[f"{below}/{path}"] = Path(full).read_bytes()
            if os.stat(full).st_mode & stat.S_IXUSR:
                executable.append(f"{below}/{path}")
        wanted = _REQUIRES.search(files.get(f"{below}/meta/runtime.yml", b"").decode("utf-8", "replace"))
        if wanted:
            requires[f"{namespace}.{name}"] = "".join(wanted.groups("")).strip()
    return Taken(tuple(sorted(rows)), collection.of_others(files, executable), requires)


def _about(archive: Path) -> tuple[str, str, str]:
    """Namespace, name and version: ansible-galaxy has read the same MANIFEST.json before."""
    with tarfile.open(archive) as tar:
        member = next(one for one in tar if posixpath.normpath(one.name) == "MANIFEST.json")
        source = tar.extractfile(member)
        about = json.loads(source.read() if source else b"")["collection_info"]
    return about["namespace"], about["name"], about["version"]


def _given(archive: Path, given: Sequence[str]) -> str:
    """Which of the files that were given has led to it: itself, or requirements.yml."""
    for one in given:
        if one.endswith(_SHEET) or (os.path.isfile(one) and filecmp.cmp(one, archive, shallow=False)):
            return os.path.basename(one)
    return PROGRAM


def _files(top: str) -> Iterator[tuple[str, str]]:
    """Path below ``top`` and whole path of every file; a wheel has no links, so what they lead to."""
    for folder, directories, names in os.walk(top, followlinks=True):
        here = os.path.join(os.path.realpath(folder), "")
        # A link to a directory that it lies in would never end.
        directories[:] = [
            one
            for one in directories
            if not here.startswith(os.path.join(os.path.realpath(os.path.join(folder, one)), ""))
        ]
        for name in names:
            full = os.path.join(folder, name)
            if os.path.isfile(full):
                yield os.path.relpath(full, top).replace(os.sep, "/"), full
