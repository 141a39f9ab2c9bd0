"""Locking: what is said when pip fails, which hashes are believed, and what pip may say meanwhile."""

import hashlib
import io
import logging
import os
import tempfile
import zipfile

import pytest
from pip._internal.models.link import Link

from offkit import __version__
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.online.index import indexes
from offkit.online.request.locked import Lock, LockedWheel, Request, StandIn
from offkit.online.resolve import foreign
from offkit.online.resolve.lock import Session, link_sha256
from target_maker import preset

EL7 = preset("3.6")
ALPHA = "alpha-1-py3-none-any.whl"
OTHER_HASH = "lock again for this target with 'offkit lock', or find out who changed the file"


class Telling(Reporter):
    """Keeps what it is told: (how, text)."""

    def __init__(self):
        self.told = []

    def note(self, text):
        self.told.append(("note", text))

    def warn(self, text):
        self.told.append(("warn", text))


def locked(args, *requirements, files=(), reporter=None):
    with Session(EL7, args, reporter or Reporter()) as session:
        return session.lock(Request(requirements, tuple(files)))


def refused(error, args, *requirements, files=()):
    """The error of that very class."""
    with pytest.raises(error) as caught:
        locked(args, *requirements, files=files)
    assert type(caught.value) is error
    return caught.value


@pytest.fixture
def failing(mirror, monkeypatch):
    """failing(error): lock alpha, while pip's resolver raises that."""
    args = mirror("alpha").args

    def fail(error, expected):
        def resolve(*given):
            raise error

        monkeypatch.setattr(foreign, "resolve", resolve)
        return refused(expected, args, "alpha")

    return fail


def named(name, text="it says so", base=Exception):
    """An error of a class of that name: pip's are told by it."""
    return type(name, (base,), {})(text)


@pytest.mark.parametrize(
    "name",
    ["InstallationError", "RequirementsFileParseError", "InvalidRequirement", "BadCommand", "CommandError"],
)
def test_what_was_asked_wrongly(failing, name):
    """In pip's words, but for a usage text that is not of any command here."""
    error = failing(named(name, " --bogus: no such option\noffkit: error: no\n"), UsageError)
    assert error.message == "--bogus: no such option"
    assert error.fix == "write it as for pip: name, name==1.2, name>=1,<2, name[extra], or a path to a wheel"


@pytest.mark.parametrize(
    "name",
    ["MetadataInvalid", "MetadataInconsistent", "InvalidWheel", "UnsupportedWheel"],
)
def test_what_was_answered_wrongly(failing, name):
    """In pip's words: it is not the user's writing, and not the network."""
    error = failing(named(name), RequestError)
    assert (error.message, error.findings, error.fix) == ("it says so", (), "")


@pytest.mark.parametrize(
    "name",
    [
        "NetworkConnectionError", "ConnectionError", "ReadTimeoutError", "HTTPError", "MaxRetryError", "SSLError",
        "ProxyError", "ChunkedEncodingError", "IncompleteRead",
    ],
)  # fmt: skip
def test_an_index_that_falls_silent(failing, name):
    """By whatever name one of pip's libraries says so."""
    error = failing(named(name, base=OSError), EnvironmentProblem)
    assert error.message == "the package index cannot be read"
    assert error.fix == indexes.CHECK_INDEX
    (finding,) = error.findings
    assert (finding.code, finding.subject) == ("NET001", "the package index")
    assert finding.message.endswith(": it says so")


def test_no_room_for_temporary_files(failing):
    """Whoever met it."""
    error = failing(named("InstallationError", "x: [Errno 28] No space left on device"), EnvironmentProblem)
    assert error.message == "no space for temporary files"
    assert error.fix == "set TMPDIR to a directory with free space"


def test_a_hash_that_pip_refuses(failing):
    """The package where pip names it, and what pip saw."""

    class Named:
        name = "alpha"

    mismatch = named("HashMismatch", "headline:\n    Expected sha256 aa\n         Got        bb")
    mismatch.req = Named
    for error, subject, seen in [
        (mismatch, "alpha", ("Expected sha256 aa", "Got        bb")),
        (named("HashErrors", "only this"), "the lock", ()),
    ]:
        found = failing(error, IntegrityError)
        assert found.message == "files on the index do not match the lock"
        text = "its file on the index has a hash that the lock does not allow"
        assert found.findings == (Finding("REQ006", "error", subject, text, seen, OTHER_HASH),)


@pytest.mark.parametrize("kind", [AttributeError, TypeError])
def test_an_inside_of_pip_that_is_another(failing, kind):
    """It is this offkit that is too old, not the request that is wrong."""
    error = failing(kind("no such thing"), OffkitError)
    assert f"{kind.__name__}: no such thing is missing" in error.message
    assert "newer offkit" in error.fix


@pytest.mark.parametrize("error", [KeyError("ours"), OSError(5, "Input/output error"), ValueError("x")])
def test_what_nobody_foresaw_is_not_dressed_up(failing, error):
    """It arrives as it is, with its traceback."""
    assert failing(error, type(error)) is error


def test_an_error_of_ours_arrives_as_it_is(failing):
    """It has said everything already."""
    error = EnvironmentProblem("the disk", (), "another")
    assert failing(error, EnvironmentProblem) is error


def test_files_that_cannot_be_read(mirror, tmp_path):
    """What is no text, and what is no file."""
    path = tmp_path / "requirements.txt"
    path.write_bytes(b"\xff\xfe\0")
    args = mirror("alpha").args
    error = refused(UsageError, args, files=[path])
    assert error.message == f"{path} begins as utf-16-le, and is damaged"
    assert error.fix == "save it again, as UTF-8"
    path.write_bytes(b"# nothing\n")
    error = refused(UsageError, args, files=[path])
    assert error.message == "no requirements: the requirements file is empty"
    assert error.fix == "add requirements to it"
    (tmp_path / "limits.txt").write_text("alpha<2\n")
    path.write_text("-c limits.txt\n")  # which asks for nothing
    assert refused(UsageError, args, files=[path]).message == error.message


def test_requirements_of_which_none_is_for_the_target(mirror):
    """Each with its marker, and with what to do."""
    words = ['alpha; python_version > "3.8"', 'beta>=1; sys_platform == "win32"']
    error = refused(RequestError, mirror("alpha", "beta").args, *words)
    assert error.message == f"none of the requirements applies to {EL7.describe()}"
    assert error.fix == "drop the marker, or choose another target"
    assert [one[:4] for one in error.findings] == [
        ("REQ009", "error", "alpha", 'is only required where python_version > "3.8"'),
        ("REQ009", "error", "beta", 'is only required where sys_platform == "win32"'),
    ]


@pytest.mark.parametrize("in_file", [False, True])
def test_without_an_index(mirror, tmp_path, in_file):
    """No index is said to have been asked; the places are named, and a wheel in one of them is found."""
    server = mirror("alpha")
    place, path = tmp_path / "a b \u00e9", tmp_path / "r.txt"
    place.mkdir()
    path.write_text("--no-index\nalpha>=0\n" if in_file else "alpha>=0\n")
    args = (
        [*server.args, "--find-links", str(place)] if in_file else ["--no-index", "--find-links", str(place)]
    )
    (found,) = refused(RequestError, args, files=[path]).findings
    assert (found.code, found.looked_in) == ("REQ003", (str(place),))
    assert found.message == f"alpha>=0: no file of alpha in {place}; no index was asked (--no-index)"
    assert found.fix == f"put a wheel of alpha into {place}; or ask an index: drop --no-index"
    (other,) = refused(RequestError, args, "concurrent", files=[]).findings if not in_file else (None,)
    assert other is None or (other.fix, other.looked_in) == ("delete this requirement", (str(place),))
    full = tmp_path / "full"  # pip lists a directory only once
    full.mkdir()
    (full / "alpha-1-py3-none-any.whl").write_bytes(server.files["alpha-1-py3-none-any.whl"])
    with Session(EL7, [*args[:-1], str(full)], Reporter()) as session:
        assert [one.name for one in session.lock(Request((), (path,), ())).wheels] == ["alpha"]
    (found,) = refused(RequestError, ["--no-index"], "alpha").findings
    assert found.message == "alpha: no index was asked (--no-index), and no --find-links names a place"
    assert found.fix == "--find-links DIR, with a wheel of alpha in DIR; or ask an index: drop --no-index"
    assert found.looked_in == ()


def test_who_says_that_no_index_is_asked(mirror, tmp_path, monkeypatch):
    """pip's configuration by its name; a place that is given twice, and what is carried as sources, are not
    told."""
    server = mirror()
    place = str(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "carried").mkdir()
    carried = StandIn("carried", "0" * 64, (tmp_path / "carried").as_uri())
    args = [*server.args, *("--find-links", place) * 2, "--find-links", carried.place]
    with pytest.raises(RequestError) as caught, Session(EL7, args, Reporter()) as session:
        session.lock(Request(("alpha",), (), (), stand_ins=(carried,)))
    (found,) = caught.value.findings
    assert found.message == f"alpha: no file of alpha in {place}; no index was asked (PIP_NO_INDEX)"
    assert found.fix == f"put a wheel of alpha into {place}; or ask an index: unset PIP_NO_INDEX"
    monkeypatch.delenv("PIP_NO_INDEX")
    conf = tmp_path / "pip.conf"
    conf.write_text("[global]\nno-index = yes\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(conf))
    (found,) = refused(RequestError, [], "alpha").findings
    assert found.message.endswith(f"no index was asked ({conf}, line 2), and no --find-links names a place")
    assert found.fix.endswith(f"or ask an index: delete no-index there ({conf}, line 2)")
    conf.write_text("[global]\nno-index = 0\n")
    (found,) = refused(RequestError, ["--no-index"], "alpha").findings
    assert "(--no-index)" in found.message


def test_a_name_that_is_missing_twice_is_named_once(mirror):
    """In the headline; what is wrong with it is told for each round that met it, and that its stand-ins
    conflict is nothing."""
    server = mirror()
    server.add("alpha", "1", requires=["nobody==2"])
    error = refused(RequestError, server.args, "nobody>=3", "other", "alpha")
    head = f"cannot be resolved for {EL7.describe()}: "
    assert error.message.startswith(head)
    names = error.message[len(head) :].split(", ")
    assert sorted(names) == ["nobody", "other"]
    assert [(one.code, one.subject) for one in error.findings] == [
        ("REQ003", "nobody"), ("REQ003", "other"), ("REQ003", "nobody"),
    ]  # fmt: skip


def test_as_many_rounds_as_there_are_layers(mirror):
    """What is missing behind what is missing: each stand-in lets the next one be seen."""
    server = mirror("nothing")
    names = [f"layer{number}" for number in range(3)]
    for number, name in enumerate(names):
        server.add(name, "1", requires=[f"gone{number}", *names[number + 1 : number + 2]])
    error = refused(RequestError, server.args, names[0])
    assert [one.subject for one in error.findings] == ["gone0", "gone1", "gone2"]


@pytest.mark.parametrize(("fragment", "known"), [
    ("sha256=" + "a" * 64, "a" * 64), ("md5=" + "a" * 32, ""), ("sha512=" + "a" * 128, ""), ("", ""),
])  # fmt: skip
def test_a_hash_that_an_index_tells(fragment, known):
    """Only SHA-256 counts; another is as good as none."""
    assert link_sha256(Link(f"https://index.test/{ALPHA}#{fragment}")) == known


@pytest.fixture
def told(mirror):
    """An index that hands out the metadata apart (PEP 658): nothing is downloaded to resolve, and so
    nothing is hashed by pip."""
    server = mirror("alpha", "beta")
    for filename in list(server.files):
        with zipfile.ZipFile(io.BytesIO(server.files[filename])) as wheel:
            (name,) = [one for one in wheel.namelist() if one.endswith("/METADATA")]
            metadata = wheel.read(name)
        server.put(filename + ".metadata", metadata)
        server.put(filename, server.files[filename], core_metadata="true")
    return server


def test_a_lock_whose_hashes_are_others(told, tmp_path):
    """Each wheel of which the index says another: both hashes, in order, and nothing downloaded."""
    digests = {name[:5].rstrip("-"): hashlib.sha256(body).hexdigest() for name, body in told.files.items()
               if name.endswith(".whl")}  # fmt: skip
    path = tmp_path / "lock.txt"
    wrong = "beta==1 --hash=sha256:{} --hash=sha256:{}\n".format("b" * 64, "a" * 64)
    path.write_text("alpha==1 --hash=sha256:{}\n".format(digests["alpha"]) + wrong)
    error = refused(IntegrityError, told.args, files=[path])
    assert error.message == "files on the index do not match the lock"
    text = f"beta-1-py3-none-any.whl has sha256 {digests['beta']}, which the lock does not allow"
    allowed = ("sha256:" + "a" * 64, "sha256:" + "b" * 64)
    assert error.findings == (Finding("REQ006", "error", "beta", text, allowed, OTHER_HASH),)
    path.write_text(path.read_text() + "alpha==1 --hash=sha256:" + "0" * 64 + "\n")
    assert [one.subject for one in refused(IntegrityError, told.args, files=[path]).findings] == ["beta"]
    assert ("GET", "/files/" + ALPHA) not in told.asked
    told.hashes = False  # nothing to compare: fetching will hash it
    assert [wheel.sha256 for wheel in locked(told.args, files=[path]).wheels] == ["", ""]


def test_the_text_of_a_lock():
    """Who made it and for what; without the reasons it depends on the pins alone."""
    wheels = (
        LockedWheel("alpha", "1", ALPHA, "https://index.test/x", "aa", ("beta", "the request")),
        LockedWheel("beta", "2", "beta-2-py3-none-any.whl", "https://index.test/y", "bb", ("the request",)),
    )
    head = f"# locked by offkit {__version__} for {EL7.describe()}\n"
    pins = ["alpha==1 \\\n    --hash=sha256:aa\n", "beta==2 \\\n    --hash=sha256:bb\n"]
    why = ["    # via beta, the request\n", "    # via the request\n"]
    assert Lock(EL7, wheels).text() == head + "".join(pins)
    assert Lock(EL7, wheels).text(why=True) == head + pins[0] + why[0] + pins[1] + why[1]


def test_nothing_of_a_session_stays(mirror, tmp_path, monkeypatch):
    """Stand-ins and pip's own cache are in a directory of its own, gone with it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    closed = []
    with Session(EL7, mirror("alpha").args, Reporter()) as session:
        assert [name for name in os.listdir(tmp_path) if name.startswith(".offkit-tmp-")]
        with pytest.raises(RequestError):
            session.lock(Request(("nobody",), ()))
        (top,) = tmp_path.glob(".offkit-tmp-*")
        assert [path.name for path in top.glob("stubs/0/*")] == ["nobody-0-py3-none-any.whl"]
        assert str(top / "stubs" / "0") in session.repository.finder.find_links
        http = session.repository.session
        monkeypatch.setattr(http, "close", lambda: closed.append(http))
    assert closed == [http]
    assert not top.exists()


def test_what_pip_says_meanwhile(mirror, monkeypatch):
    """Trouble with the network is seen, the rest only with -v; logging is afterwards as it was."""
    retry = "Retrying (Retry(total=3, connect=None)) after connection broken by 'x': /simple/alpha/"
    root = logging.getLogger()
    before, real = (list(root.handlers), root.level), foreign.resolve

    def resolve(*given):
        root.setLevel(logging.DEBUG)
        for name in ("pip._internal.network", "pip._vendor.urllib3.connectionpool"):
            logger = logging.getLogger(name)
            logger.disabled = False
            monkeypatch.setattr(logger, "level", logging.DEBUG)
            for level, text in [("debug", "detail"), ("info", " some\n"), ("warning", retry)]:
                getattr(logger, level)(text)
        logging.getLogger("pip").warning("  ")
        last = "Retrying (Retry(total=0)) after HTTPConnection(host='alpha')"
        logging.getLogger("pip").warning(last)
        for name in ("alpha", "beta"):
            logging.getLogger("pip").warning("Location '/x' is ignored: it is no path")
            logging.getLogger("pip").warning("Url '/y' is ignored. It is no path")
            logging.getLogger("pip").warning(f"Location 'file:///a/simple/{name}/' is ignored: it is no path")
        root.setLevel(logging.CRITICAL)
        return real(*given)

    monkeypatch.setattr(foreign, "resolve", resolve)
    telling = Telling()
    locked(mirror("alpha").args, "alpha", reporter=telling)
    assert ("warn", "alpha does not answer; trying again for the last time") in telling.told
    assert [text for _, text in telling.told if "is ignored" in text] == [
        "pip: Location '/x' is ignored: it is no path",
        "pip: Url '/y' is ignored. It is no path",
        "pip: Location 'file:///a/simple/alpha/' is ignored: it is no path",
    ]
    again = [("warn", "the index does not answer; trying again, 3 more times after that"), ("note", retry)]
    start = telling.told.index(("note", "pip: some"))
    assert telling.told[start : start + 5] == [("note", "pip: some"), *again, ("warn", "some"), again[1]]
    assert ("note", "pip: ") not in telling.told
    assert (root.handlers, root.level) == before
