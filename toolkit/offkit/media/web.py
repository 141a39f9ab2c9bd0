"""A medium on a server beyond the gap, under a URL. curl(1) fetches it, file by file.

Only the host that was named is asked: no proxy, no redirect, no ~/.curlrc, no key that the server
brings along. What is fetched lies in a directory of this run and is compared, by those who read it,
with the checksums that the metadata have.
"""

import os
import posixpath
import time
from contextlib import ExitStack
from typing import BinaryIO, Dict, List, Optional, Sequence

from offkit.edges import leftovers
from offkit.edges.run import Result, clean_environment, run
from offkit.media import repodata
from offkit.media.medium import Medium, Source
from offkit.media.repository import Unreachable
from offkit.model import url as urls
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding

UNREACHABLE, NO_CURL = "REPO017", "REPO018"
_METADATA = posixpath.dirname(repodata.REPOMD)
# Each is known to curl 7.29 of EL 7. -q comes first (curl(1)); of a redirect -L makes an error.
CURL = (
    *("curl", "-q", "-f", "-s", "-S", "-g", "-L", "--max-redirs", "0", "--proto", "=http,https"),
    *("--noproxy", "*", "--connect-timeout", "10", "--speed-limit", "1", "--speed-time", "30"),
    *("-w", "%{http_code}"),
)
# Exit codes of curl(1): what may go better the next time, with what is there already.
AGAIN = (5, 7, 18, 28, 52, 55, 56, 92)
_HTTP, _WRITING, _NO_RANGE, _REDIRECT, _NOT_THERE = 22, 23, 33, 47, 127
TRIES = 3  # without one more byte
MOST = 100  # calls for one file
_PAUSE = 1.0  # seconds


class Forbidden(Unreachable):
    """A server refuses to say whether it has a file, or fails at it: others it may give."""


class Web(Medium):
    """The files under a URL. Each is fetched once, when it is first asked for; packages go again
    when they were read.

    Methods raise Unreachable, FileNotFoundError, and EnvironmentProblem (ENV024) where there is no
    room for a file.
    """

    def __init__(self, url: str, folder: str) -> None:
        """``url`` as ``model.url.parse`` gives it; ``folder`` is empty, and this medium's alone."""
        super().__init__(url)
        self._folder = folder
        self._there: Dict[str, str] = {}  # path → what was fetched; "" where the server has nothing
        self._count = 0  # of fetched files
        self._gone: Optional[Unreachable] = None  # nobody waits for the same server twice

    def open(self, path: str) -> BinaryIO:
        local = self._get(path)
        source = open(local, "rb")  # noqa: SIM115  (closed by the caller)
        if _METADATA not in path.split("/"):
            del self._there[path]
            os.unlink(local)  # its bytes stay as long as it is open
        return source

    def has(self, path: str) -> bool:
        """Found out by fetching it."""
        try:
            return bool(self._get(path))
        except FileNotFoundError:
            return False

    def text(self, name: str) -> str:
        try:
            return self._text(name) if self.has(name) else ""
        except Forbidden:  # as some say of what they do not have; nobody needs it
            return ""

    def folders(self) -> List[str]:
        """Nobody can say."""
        return []

    def names(self) -> List[str]:
        """Nobody can say. Keys are not looked for: one that comes along with what it is to vouch
        for, over plain HTTP, vouches for nothing."""
        return []

    def bases(self) -> List[str]:
        # Over HTTP there is no way to ask what lies at the top.
        return self._with_metadata([""]) or self._with_metadata(self._folders())

    def _get(self, path: str) -> str:
        if self._gone is not None:
            raise self._gone
        if path not in self._there:
            self._count += 1
            local = os.path.join(self._folder, str(self._count))
            try:
                self._there[path] = local if _fetch(self.place, path, local) else ""
            except Unreachable as error:
                self._gone = None if isinstance(error, Forbidden) else error
                raise
            self._refuse_page(path)
        if not self._there[path]:
            raise FileNotFoundError(2, "No such file on the server", urls.join(self.place, path))
        return self._there[path]

    def _refuse_page(self, path: str) -> None:
        """What a portal or a proxy says instead of everything."""
        if path.endswith(repodata.REPOMD) and self._there[path]:
            with open(self._there[path], "rb") as source:
                page = repodata.page(source.read(65536))
            if page:
                why = "answers with {} where {} should be".format(page, path)
                self._gone = Unreachable(UNREACHABLE, self.place, why, repodata.PORTAL)
                raise self._gone


def opened(places: Sequence[str], stack: ExitStack) -> List[Source]:
    """The URLs among them as media, which keep what they fetch until ``stack`` closes. Raises OSError."""
    known: Dict[str, Source] = {}
    top = ""
    for place in places:
        if not urls.is_url(place):
            known[place] = place
        elif place not in known:
            top = top or stack.enter_context(leftovers.scratch())
            folder = os.path.join(top, str(len(known)))
            os.mkdir(folder)
            known[place] = Web(place, folder)
    return list(known.values())


def _fetch(base: str, path: str, local: str) -> bool:
    """Whether the server has it: it is ``local`` then. Goes on where a transfer was cut."""
    url = urls.join(base, path)
    # An address is all that is needed; a name may be asked of the name servers beyond the gap.
    environment = clean_environment({"RES_OPTIONS": ""} if urls.by_name(base) else None)
    futile = 0
    for _ in range(MOST):
        had = _size(local)
        resume = ("-C", str(had)) if had else ()
        done = run([*CURL, *resume, "-o", local, url], environment)
        answer = done.stdout.strip()[-3:]
        if done.ok:
            if not os.path.exists(local):  # an empty file: older curls make none
                with open(local, "wb"):
                    pass
            return True
        if done.returncode == _HTTP and answer in ("404", "410"):
            return False
        if done.returncode == _NO_RANGE or (done.returncode == _HTTP and answer == "416"):
            if had:
                os.unlink(local)  # it cannot go on there: from the beginning
        elif not (done.returncode in AGAIN or (done.returncode == _HTTP and answer.startswith("5"))):
            break
        futile = 0 if _size(local) > had else futile + 1
        if futile == TRIES:
            break
        time.sleep(_PAUSE)
    raise _failure(base, local, done, answer)


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _failure(base: str, local: str, done: Result, answer: str) -> Exception:
    words = done.stderr.strip().splitlines()[-1:] or ["curl exited with {}".format(done.returncode)]
    said = words[0].partition(") ")[2] or words[0]
    if done.returncode == _NOT_THERE:
        fix = "put curl into PATH (every minimal EL has it), or mount the share and use --rpm-repo DIR"
        return Unreachable(NO_CURL, "curl", "is not in PATH; it is needed to fetch from a URL", fix)
    if done.returncode == _WRITING:
        message = "files fetched from {} cannot be stored: {}".format(base, said)
        fix = "free some space there, or set TMPDIR to another directory"
        place = os.path.dirname(local)
        return EnvironmentProblem(message, [Finding("ENV024", ERROR, place, message, (place,), fix)])
    if done.returncode == _REDIRECT:
        said = "redirects (HTTP {}); offkit follows no redirects".format(answer)
        return Unreachable(UNREACHABLE, base, said, "give the URL where the files are")
    if done.returncode == _HTTP:
        said = "answers HTTP {}".format(answer)
        kind = Forbidden if answer in ("401", "403") or answer.startswith("5") else Unreachable
        return kind(
            UNREACHABLE, base, said, "check the path on that server, and whether this host may read it"
        )
    fix = (
        "check that it is still serving, and that its firewall lets this host in (there: firewall-cmd "
        "--add-port={}/tcp); then run the same command again".format(urls.port(base))
    )
    return Unreachable(UNREACHABLE, base, "cannot be reached: {}".format(said), fix)
