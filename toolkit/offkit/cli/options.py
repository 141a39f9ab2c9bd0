"""What several commands ask in the same words."""

import os
import re
import shlex
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

import typer

from offkit.edges import description, releases, unpacking
from offkit.model import layout, probed
from offkit.model import target as targets
from offkit.model import url as urls
from offkit.model.errors import UsageError
from offkit.model.target import Target

if TYPE_CHECKING:
    from offkit.online.request.locked import Request

JSON = typer.Option(False, "--json", help="Print one JSON document on stdout, everything else on stderr.")
QUIET = typer.Option(False, "--quiet", "-q", help="Print only results, warnings and errors.")
VERBOSE = typer.Option(False, "--verbose", "-v", help="Print all details.")

PYTHON = typer.Option(
    None, "--python", metavar="X.Y[.Z]", help="The server's CPython; 3.6 means EL's 3.6.8. May be repeated."
)
TARGET = typer.Option(
    None,
    "--target",
    metavar="T[:X.Y]",
    help="A release (el8, alma9, el8:3.12 …) or a file written by 'offkit probe'; may be repeated.",
)
_ARCH = "x86_64"
ARCH = typer.Option(_ARCH, "--arch", metavar="A", help="The server's architecture.")
PREFIX = typer.Option(
    None,
    "--prefix",
    metavar="DIR",
    help="Where generations are kept (default: where this offkit is, or as for 'offkit install').",
)
REQUIREMENTS = typer.Argument(None, metavar="REQ", help="Requirements, as for pip.", show_default=False)
FILES = typer.Option(
    None,
    "--requirement",
    "-r",
    metavar="FILE|URL",
    help="A requirements file, pyproject.toml or pylock.toml; may be repeated.",
)
CONSTRAINTS = typer.Option(
    None, "--constraint", "-c", metavar="FILE|URL", help="A constraints file, as in pip; may be repeated."
)
EDITABLES = typer.Option(
    None, "--editable", "-e", metavar="DIR|URL", help="As the requirement DIR or URL; may be repeated."
)
BUILD = typer.Option(
    None,
    "--build",
    metavar="NAME",
    help="Build NAME (:all: any project) here, where only source is there; runs its code. May be repeated.",
)
GROUPS = typer.Option(
    None, "--group", metavar="G", help="Also a dependency group of that pyproject.toml; may be repeated."
)
EXTRAS = typer.Option(
    None, "--extra", metavar="E", help="Also an extra of that pyproject.toml; may be repeated."
)

INDEX_URL = typer.Option(
    None, "--index-url", "-i", metavar="URL", help="Package index to use instead of pip's default."
)
EXTRA_INDEX_URL = typer.Option(
    None, "--extra-index-url", metavar="URL", help="Additional index; may be repeated."
)
INDEXES = typer.Option(
    None, "--index", metavar="NAME=URL", help="An index for what --from or NAME::REQ takes from it only."
)
TAKEN = typer.Option(
    None, "--from", metavar="NAME=PKG,…", help="Packages that come from that index only; may be repeated."
)
FIND_LINKS = typer.Option(
    None, "--find-links", "-f", metavar="DIR|URL", help="Where to find more wheels; may be repeated."
)
NO_INDEX = typer.Option(False, "--no-index", help="Use no index, only --find-links.")
TRUSTED_HOST = typer.Option(None, "--trusted-host", metavar="HOST", help="As in pip.")
PROXY = typer.Option(None, "--proxy", metavar="URL", help="As in pip.")
CERT = typer.Option(None, "--cert", metavar="FILE", help="CA certificates, as in pip.")
CLIENT_CERT = typer.Option(
    None, "--client-cert", metavar="FILE", help="A client certificate and its key in one file, as in pip."
)
PRE = typer.Option(False, "--pre", help="Allow pre-releases.")
OFFLINE = typer.Option(
    False, "--offline", help="Use the cache and local files only; name everything they do not have."
)
CACHE_DIR = typer.Option(None, "--cache-dir", metavar="DIR", help="Where to keep downloaded wheels.")


def default_prefix() -> str:
    """Where generations live when nobody says: as root, and as anybody else."""
    return layout.ROOT_PREFIX if os.geteuid() == 0 else os.path.expanduser("~/" + layout.USER_PREFIX)


def refuse_empty(**given: Optional[str]) -> None:
    """Raises UsageError for an option whose value is "": a variable that was not set, and no
    wish for the default."""
    for name, value in given.items():
        if value == "":
            raise UsageError(
                "--{} is given, but empty".format(name),
                fix="check whether a shell variable is unset; omit the option to use the default",
            )


_METADATA = r"(?:^|/)repodata(?:/+repomd\.xml)?/*$"


def media(
    isos: Optional[Sequence[str]], directories: Optional[Sequence[str]], there: bool = False
) -> Tuple[List[str], List[str]]:
    """The values of --iso and --rpm-repo, as absolute paths, but for URLs. Raises UsageError for an empty
    one, and with everything that is wrong with any: what is no such URL and, where they have to be
    ``there``, what is no such file or directory. install.sh says the same (bootstrap/arguments.sh)."""
    for name, values in (("iso", isos), ("rpm-repo", directories)):
        for value in values or ():
            refuse_empty(**{name: value})
    wrong = [_misused_iso(one, there) for one in isos or ()]
    wrong += [_misused_directory(one, there) for one in directories or ()]
    told = [each for each in wrong if each]
    if told:
        fixes = dict.fromkeys(fix for _, fix in told if fix)
        raise UsageError("\n".join(message for message, _ in told), fix="\n".join(fixes))
    places = [urls.parse(one) if urls.is_url(one) else os.path.abspath(one) for one in directories or ()]
    return [os.path.abspath(one) for one in isos or ()], places


def _misused_iso(word: str, there: bool) -> Tuple[str, ...]:
    """(what is wrong with it, what to do); () for nothing."""
    if urls.is_url(word):
        return "--iso takes a file, not a URL", "--rpm-repo takes the URL of a repository"
    if word.endswith(unpacking.SUFFIXES):
        return "--iso: {} is packed".format(word), "unpack it first (gunzip, unxz, bunzip2, unzstd)"
    if not there or os.path.isfile(word):
        return ()
    if not os.path.exists(word):
        return "--iso: {} does not exist".format(word), "give the file"
    if os.path.isdir(word):
        return "--iso: {} is a directory".format(word), "--rpm-repo takes the directory of a repository"
    fix = "mount a disc that is in a drive: --rpm-repo takes the directory"
    return "--iso: {} is not a regular file".format(word), fix


def _misused_directory(word: str, there: bool) -> Tuple[str, ...]:
    if re.search(_METADATA, word):
        told = "--rpm-repo: {} is the metadata of a repository".format(urls.without_secrets(word))
        return told, "give the directory or the URL that repodata/ is in"
    if word.startswith("file:"):
        fix = "give the directory: --rpm-repo DIR"
        return "--rpm-repo: {} is a URL of this machine's own files".format(word), fix
    if urls.is_url(word):
        try:
            urls.parse(word)
        except ValueError as error:
            return "--rpm-repo: {}".format(error), ""
        return ()
    if not there or os.path.isdir(word):
        return ()
    if not os.path.exists(word):
        return "--rpm-repo: {} does not exist".format(urls.without_secrets(word)), "give the directory"
    if word.endswith(".rpm"):
        return "--rpm-repo: {} is a package".format(word), "give the directory that it is in"
    if word.endswith(".repo"):
        fix = "give the directory or the URL that it names as baseurl="
        return "--rpm-repo: {} describes repositories".format(word), fix
    return "--rpm-repo: {} is not a directory".format(word), "--iso takes an ISO file"


def standing_prefix(prefix: Optional[str]) -> str:
    """The prefix that is meant: as said, else the one this offkit stands in, else the default.

    Raises UsageError for an empty one.
    """
    refuse_empty(prefix=prefix)
    from offkit.server.prefix import generations

    return os.path.abspath(prefix or generations.home(__file__) or default_prefix())


def targets_of(
    pythons: Optional[Sequence[str]], names: Optional[Sequence[str]], arch: str, unsaid: Optional[str] = None
) -> List[Tuple[Target, bool]]:
    """The targets meant by --python and --target, either of which may be repeated, and --arch; and whether
    the patch level of its Python was said for each. ``unsaid``: the Python of a target that has none said.

    Raises UsageError, also for a --python of which it is not clear for which --target it is.
    """
    if len(pythons or ()) > 1 and len(names or ()) > 1:
        raise UsageError(
            "with several --target, which --python is for which?",
            fix="say it with each: --target {}:{} --target {}:{} …".format(
                *(word for pair in zip(names or (), pythons or ()) for word in pair)
            ),
        )
    found = []
    for name in names or (None,):
        for python in pythons or (None,):
            release, own = _split(name)
            if own and python and own != python:
                raise UsageError(
                    "--target {} and --python {} contradict each other".format(name, python),
                    fix="say it once",
                )
            exact = (own or python or "").count(".") > 1 or os.path.isfile(name or "")
            found.append((target_of(own or python or unsaid, release, arch), exact))
    return found


def described(pythons: Optional[Sequence[str]], names: Optional[Sequence[str]]) -> List[Optional[str]]:
    """For each target of ``targets_of`` the file that describes its server, where one does."""
    places = [_split(name)[0] for name in names or (None,)]
    files = [place if place and os.path.isfile(place) else None for place in places]
    return [file for file in files for _ in pythons or (None,)]


def _split(name: Optional[str]) -> Tuple[Optional[str], Optional[str]]:
    """el8:3.12: the release, and the Python where one is said."""
    if name is None or os.path.exists(name) or ":" not in name:
        return name, None
    release, _, python = name.rpartition(":")
    if not release or not python:
        raise UsageError(
            "--target {}: nothing stands {} the colon".format(name, "behind" if release else "before"),
            fix="write el8, or el8:3.9",
        )
    return release, python


def target_of(python: Optional[str], target: Optional[str], arch: str) -> Target:
    """The target meant by --python, --target and --arch. Raises UsageError."""
    if target is None or os.path.isdir(target) or not os.path.exists(target):
        if target is not None and (os.sep in target or target.endswith(".json")):
            what = "is a directory" if os.path.isdir(target) else "does not exist"
            raise UsageError(
                "--target: {} {}".format(target, what), fix="give the file that 'offkit probe' wrote"
            )
        return targets.preset(releases.known(), python, target, arch)
    data = description.read(target)
    try:
        found = _described(data, python)
    except UsageError as error:
        raise UsageError("--target: {}: {}".format(target, error.message), fix=error.fix or description.AGAIN)
    if arch != _ARCH and targets.machine(arch) != found.arch:
        raise UsageError(
            "--arch {} and {}, which is about {}, contradict each other".format(arch, target, found.arch),
            fix="omit --arch: the file names its architecture",
        )
    return found._replace(spelled=_spelled(data, target))


def _spelled(data: Any, path: str) -> str:
    """How --target means that server with another Python: what a probe wrote takes one, as --python."""
    word = shlex.quote(path).replace("{", "{{").replace("}", "}}")
    probe = isinstance(data, dict) and data.get("schema") == probed.SCHEMA
    return "--target " + word + ":{0}" if probe else '"python": "{1}" in ' + word


def _described(data: Any, python: Optional[str]) -> Target:
    if isinstance(data, dict) and data.get("schema") == probed.SCHEMA:
        return probed.read(data, releases.known(), python)
    if probed.newer(data):
        raise UsageError(
            "a newer offkit wrote it ({})".format(data["schema"]),
            fix="take that offkit here as well, or write it again with the probe of this one: "
            "offkit probe --script",
        )
    found = targets.from_json(data)
    if python is not None:
        raise UsageError(
            "--python and a target file contradict each other",
            fix="omit --python: the file names its Python",
        )
    return found


def request(
    words: Sequence[str],
    files: Optional[Sequence[str]],
    constraints: Optional[Sequence[str]],
    groups: Optional[Sequence[str]],
    extras: Optional[Sequence[str]],
    args: Sequence[str],
    editables: Optional[Sequence[str]] = None,
    build: Optional[Sequence[str]] = None,
) -> "Request":
    """What is wanted. Raises UsageError for what is seen to be wrong without an index."""
    from offkit.online.index import named
    from offkit.online.request import inputs, locked

    parts = locked.Parts(tuple(groups or ()), tuple(extras or ()))
    places = tuple(tuple(map(inputs.place, each or ())) for each in (files, constraints))
    own, more = named.assigned(words)
    lines = (*own, *("-e " + one for one in editables or ()))
    options = (*args, *more)
    named.split(options)
    wanted = locked.Request(lines, places[0], options, places[1], parts, inputs.built(build or ()))
    inputs.check(wanted)
    return inputs.own_indexes(wanted)


def index_args(
    index_url: Optional[str],
    extra_index_url: Optional[Sequence[str]],
    find_links: Optional[Sequence[str]],
    no_index: bool,
    trusted_host: Optional[Sequence[str]],
    proxy: Optional[str],
    cert: Optional[str],
    pre: bool,
    indexes: Optional[Sequence[str]] = None,
    taken: Optional[Sequence[str]] = None,
    client_cert: Optional[str] = None,
) -> List[str]:
    """The options in pip's own words, and those that only offkit has."""
    args: List[str] = []
    for option, value in (
        ("--index-url", index_url),
        ("--proxy", proxy),
        ("--cert", cert),
        ("--client-cert", client_cert),
    ):
        if value is not None:
            args += [option, value]
    for option, values in (
        ("--extra-index-url", extra_index_url),
        ("--index", indexes),
        ("--from", taken),
        ("--find-links", find_links),
        ("--trusted-host", trusted_host),
    ):
        for value in values or ():
            args += [option, value]
    return args + ["--no-index"] * no_index + ["--pre"] * pre
