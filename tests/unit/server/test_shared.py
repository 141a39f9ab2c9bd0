"""The rules that shell and Python both follow: the cases of tests/shared, by Python.

test_bootstrap_shared.py has the shell's side. A function here takes a case's lines and gives the lines
that come out.
"""

import codecs
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from unittest import mock

import pytest
import typer

import cases
from offkit.cli import app, options, render
from offkit.edges import host, leftovers, releases, signals, unpacking
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import disc, keys, medium, repodata, repository, rpm, rpm_keys, web
from offkit.media.offer import Base
from offkit.model import errors, several, space, url
from offkit.model import release as facts
from offkit.model.finding import ERROR, Finding
from offkit.model.manifest import Manifest, Member
from offkit.model.target import Target
from offkit.server.bundle import bundle_file
from offkit.server.install import preflight, session
from offkit.server.python import interpreter
from offkit.server.python.interpreter import Interpreter
from offkit.server.repo import sections
from offkit.server.system import filters, ledger, yum
from target_maker import preset


def url_(text):
    """A URL: as it is used, its port, whether its host is a name or an address; "no" when it is none."""
    try:
        parsed = url.parse(text)
    except ValueError:
        return ["no"]
    return [parsed, str(url.port(parsed)), "name" if url.by_name(parsed) else "address"]


def version(*lines):
    """EPOCH VERSION RELEASE of two packages: -1, 0 or 1; the first of equals is the newest."""
    one, two = (rpm.Package("p", "x86_64", *line.split(), "", (), ()) for line in lines)
    order = rpm.compare_evr(one.evr, two.evr)
    assert order == -rpm.compare_evr(two.evr, one.evr)
    assert rpm.newest([one, two]) == [two if order < 0 else one]
    return [str(order)]


def release(el, *lines):
    """Releases that may be installed on that EL."""
    return [line for line in lines if not rpm.foreign(line, int(el))]


def yum_command(*words):
    """The argument list without yum's own name, for a verb and packages; SCRATCH has what it may use."""
    return yum.command(words, "SCRATCH/repos", "SCRATCH/cache")[1:]


def yum_words(*lines):
    """What yum said: the code of its failure."""
    return [each.code for each in yum.failure(Result(["yum"], 1, "", "\n".join(lines))).findings]


def path(*hrefs):
    """Places that metadata name: those that are below their repository."""
    return [href for href in hrefs if not repodata.outside(href)]


def own_key(el, distribution):
    """The files to look for in /etc/pki/rpm-gpg of a distribution (the ID of os-release)."""
    return facts.own_keys(releases.of(int(el)).keys, distribution)


def server_keys(el, distribution, *files):
    """What lies in /etc/pki/rpm-gpg, "vendor NAME" or "file NAME": those that packages may be signed with."""
    with tempfile.TemporaryDirectory() as top:
        os.makedirs(top + keys.KEYS)
        for name in (each.partition(" ")[2] for each in files):
            with open(os.path.join(top + keys.KEYS, name), "w"):
                pass
        vendor = tuple(
            keys.KEYS + each[len("vendor") :].replace(" ", "/") for each in files if each[0] == "v"
        )
        here = keys.Server(int(el), distribution, Tree(top), "el" + el if int(el) else "", vendor)
        return [os.path.basename(path) for path in here.keys]


def medium_key(el, *names):
    """Of the names at the top of a medium for that EL the key that its packages are checked with."""
    key = facts.medium_key(releases.of(int(el)).keys, names)
    return [key] if key else []


def prefix(place):
    """A path that can be a prefix comes out."""
    return [] if preflight.unfit(place) else [place]


def excludes(*lines):
    """Of a file of yum's: what hides packages, with all patterns."""
    with tempfile.TemporaryDirectory() as top:
        os.mkdir(os.path.join(top, "etc"))
        with open(os.path.join(top, "etc", "yum.conf"), "w", newline="") as sink:
            sink.write("".join(line + "\n" for line in lines))
        found = filters.settings(Tree(top))
    return ["{}={}".format(each.option, " ".join(each.patterns)) for each in found]


def occupied(*things):
    """KIND PATH of what lies below a prefix: what of it is in offkit's way."""
    kinds = dict(reversed(thing.split()) for thing in things)
    found = preflight.occupied(
        "/",
        lambda path: path.startswith("/proc/") or path in kinds,
        lambda path: "link" in kinds[path],
        lambda path: kinds[path] in ("directory", "link-to-directory"),
    )
    return [each.subject for each in found]


def target_rank(machine, *lines):
    """Release, architecture and C library of a machine, then targets as NAME RELEASE ARCH PYTHON GLIBC: those
    whose wheels run there, the best first, and whether they are of that release."""
    words = [line.split(" ") for line in lines]
    targets = [
        Target(release, 0, arch, python + ".1", host.parse_glibc("glibc " + glibc))
        for _, release, arch, python, glibc in words
    ]
    release, arch, glibc = machine.split(" ")
    here = several.Machine(release, arch, host.parse_glibc("glibc " + glibc))
    own = ["own" if one.release == release else "other" for one in targets]
    return ["{} {}".format(own[index], words[index][0]) for index in several.ranked(targets, here)]


def disc_release(*lines):
    """The lines of .treeinfo, after three hyphens those of .discinfo, after three more the name of the
    volume: which release a disc is of."""
    parts = ("\n".join(lines) + "\n").split("---\n") + ["", ""]
    found = disc.named(parts[0], parts[1], parts[2].strip())
    return ["{} {}".format(found.release, found.title)] if found else []


def release_name(*fields):
    """Fields of os-release(5): what offkit calls the release."""
    name = host.Host("", None, host.parse_os_release("\n".join(fields)), "", False).release
    return [name] if name else []


def space_(*lines):
    """MANIFEST.json: bytes for a generation."""
    data = json.loads("\n".join(lines))
    members = tuple(Member(each["path"], each["size"], each["sha256"]) for each in data["members"])
    manifest = Manifest(preset("3.6"), {}, "", data["installed_size"], members)
    return [str(space.of(manifest).total)]


def signature(*lines):
    """What rpm -Kv printed: signed, unsigned, no key or damaged, and the key or why."""
    return [word for word in rpm_keys.judge("\n".join(lines)) if word]


def error_document(code, message, *fixes):
    """A finding's code, or an exit code where there is none; what is wrong; cures: the document of --json."""
    if code.isdigit():
        problem = {2: errors.UsageError, 3: errors.IntegrityError}[int(code)](message, fix="\n".join(fixes))
    else:
        found = Finding(code, ERROR, "", message, (), "\n".join(fixes))
        problem = errors.of(code)(message, [found], found.fix)
    out = io.StringIO()
    render.console(json=True)
    try:
        with contextlib.redirect_stdout(out):
            render.error(problem)
    finally:
        render.console()
    return [json.dumps(json.loads(out.getvalue()))]


def default_prefix(uid, home):
    """A user's number and HOME: where a prefix is when nobody says."""
    with mock.patch.dict(os.environ, {"HOME": home}), mock.patch("os.geteuid", return_value=int(uid)):
        return [options.default_prefix()]


def url_join(base, *paths):
    """The URLs of files below a URL."""
    return [url.join(base, path) for path in paths]


def os_release(name, *lines):
    """A field of /etc/os-release, "" where it is not there."""
    return [host.parse_os_release("\n".join(lines)).get(name, "")]


def ledger_number(*names):
    """The files in PREFIX/system: the number of the next entry."""
    with tempfile.TemporaryDirectory() as place:
        os.mkdir(ledger.directory(place))
        for name in names:
            with open(os.path.join(ledger.directory(place), name), "w"):
                pass
        return ["{:04d}".format(ledger.begin(place, "x", []))]


def ledger_files(before, after, modules):
    """Installed before and after, and files that dnf made for modules (words): what the ledger has then."""
    with tempfile.TemporaryDirectory() as place:
        number = ledger.begin(place, "x", before.split())
        ledger.end(place, number, before.split(), after.split(), modules.split())
        return sorted(os.listdir(ledger.directory(place)))


def key_words(*lines):
    """Of installed RPMs, as the ledger has them, the keys, as rpm -e takes them."""
    return [each.word for each in map(ledger.parse, lines) if each and each.key]


def python_place(series, place):
    """A Python of that series below such a prefix starts in every locale: the prefix comes out."""
    found = Interpreter(place + "/bin/python3", series + ".9", "cpython", "", 64, ())
    codes = [each.code for each in interpreter.misfits(found, preset(series))]
    return [] if "ENV028" in codes else [place]


def system_python(*paths):
    """PATH, or PATH -> TARGET of a link: those that belong to the system."""
    with tempfile.TemporaryDirectory() as top:
        for each in paths:
            path, _, target = each.partition(" -> ")
            if not os.path.isdir(os.path.dirname(top + path)):
                os.makedirs(os.path.dirname(top + path))
            os.symlink(target, top + path) if target else open(top + path, "w").close()
        names = [each.partition(" -> ")[0] for each in paths]
        return [name for name in names if interpreter.of_system(top + name)]


def repositories(*folders):
    """Where in a directory a repodata/repomd.xml is ("." is its top): which are taken, sorted."""
    with tempfile.TemporaryDirectory() as top:
        for folder in folders:
            os.makedirs(os.path.join(top, folder, "repodata"))
            with open(os.path.join(top, folder, repodata.REPOMD), "w"):
                pass
        return sorted(each or "." for each in medium.Directory(Tree("/"), top).bases())


def checksum(kind, expected, *contents):
    """The kind of a checksum, the checksum, and a file in lines: which come out where it is the file's."""
    packed = "".join(line + "\n" for line in contents).encode()
    try:
        repository._Hashing(io.BytesIO(packed), repodata.Data("primary", "", kind, expected, 0)).verify()
    except repodata.BadRepodata:
        return []
    return list(contents)


def exits(*codes):
    """The exit code of a command that ends with that finding."""
    return [str(errors.of(code).exit_code) for code in codes]


class _Asked(Exception):
    """Stands for what a command would do next."""


def arguments_(*words):
    """Arguments, with @KIND for a path: the exit code, the message and the cures of what is wrong."""
    command = typer.main.get_command(app.made()).commands["install"]

    def go(request, console):
        bundle_file.File(request.bundle)
        raise _Asked

    with tempfile.TemporaryDirectory() as top, mock.patch.object(session, "go", go):
        for name in ("file", "bundle", "file.repo"):
            open(os.path.join(top, "@" + name), "w").close()
        os.mkdir(os.path.join(top, "@directory"))
        os.mkfifo(os.path.join(top, "@fifo"))
        open(os.path.join(top, "@file.rpm"), "w").close()
        argv = [word.replace("@", top + "/@") if word[:1] == "@" else word for word in words]
        with mock.patch.object(signals, "interrupt_once"):
            try:
                command.main(argv, "install", standalone_mode=False)
            except _Asked:
                return []
            except errors.OffkitError as error:
                told = "\n".join([str(error.exit_code), error.message] + [error.fix] * bool(error.fix))
                return told.replace(top + "/@", "@").split("\n")


def exits_of_many(*codes):
    """The exit code of a command that ends with those findings about media."""
    return [str(errors.of_all(codes).exit_code)]


def repo_file(kind):
    """What a section of a .repo file has besides its name and places."""
    place = {"url": "http://m/c7", "bundle": "/bundled"}.get(kind, "/directory")
    text = sections.text([Base("offkit-1", "x", place, "/key")], True, hotfixes=["/bundled"])
    lines = [line for line in text.splitlines() if line[:1] not in ("", "#", "[")]
    return sorted(line for line in lines if line.partition("=")[0] not in ("name", "baseurl", "gpgkey"))


def sweep(*things):
    """STATE PLACE of what runs have left for temporary files: those that stay."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    pids = {"gone": gone.pid, "running": os.getpid()}
    with tempfile.TemporaryDirectory() as top:
        left = {}
        for each in things:
            state, where = each.split()
            host = "elsewhere" if where == "elsewhere" else leftovers._host()
            with mock.patch("os.getpid", return_value=pids[state]):
                with mock.patch.object(leftovers, "_host", return_value=host):
                    path = os.path.join(top, leftovers.name("tmp", "x"))
            os.mkdir(path)
            left[each] = path
        leftovers.sweep(top)
        return [each for each in things if os.path.lexists(left[each])]


def unpack(text):
    """A packed file, its bytes as printf(1) takes them: the lines in it."""
    packed = codecs.escape_decode(text.encode())[0]
    return b"".join(unpacking.decompressed(io.BytesIO(packed))).decode().splitlines()


def volume(*lines):
    """Facts of the place of a prefix: the codes of what is wrong with it."""
    facts = dict(line.split(" ", 1) for line in lines if not line.startswith("mounted"))
    options = [line.split()[1] for line in lines if line.startswith("mounted")]
    counted = None if facts["inodes"] == "-" else int(facts["inodes"])
    free, needed = int(facts["free"]) * 1024, int(facts["need"]) * 1024
    place = host.Volume(
        "/m", "/m/x", free, counted, "noexec" in options, "ro" in options, True, "nearest" not in facts
    )
    found = preflight.prefix_misfits("/m/x/y", place, space.Need(needed, 0, 0), preflight.needed_inodes(0))
    return sorted(each.code for each in found)


def web_(*calls):
    """What each curl does: EXIT-CODE HTTP-CODE BYTES WORDS. Where each goes on, and what comes of it."""
    told, left = [], [each.split(" ", 3) for each in calls]

    def curl(argv, env=None):
        told.append("from {}".format(argv[argv.index("-C") + 1] if "-C" in argv else 0))
        code, answer, size, *words = left.pop(0)
        if size != "-":
            with open(argv[argv.index("-o") + 1], "ab") as part:
                part.write(b"x" * int(size))
        return Result(argv, int(code), answer, "".join(words))

    with tempfile.TemporaryDirectory() as top, mock.patch.object(web, "run", curl):
        local = os.path.join(top, "1")
        with mock.patch.object(web, "_PAUSE", 0):
            try:
                there = web._fetch("http://media01:8017/c7", "repodata/repomd.xml", local)
                return [*told, "got {}".format(os.path.getsize(local)) if there else "none"]
            except repository.Unreachable as error:
                found = error.finding()
                return [*told, "{} {} {}".format(found.code, found.subject, found.message), found.fix]
            except errors.EnvironmentProblem as error:
                return [*told, error.findings[0].code]


RULES = {
    "arguments": arguments_,
    "checksum": checksum,
    "default-prefix": default_prefix,
    "error-document": error_document,
    "excludes": excludes,
    "exits-of-many": exits_of_many,
    "key-words": key_words,
    "ledger-files": ledger_files,
    "ledger-number": ledger_number,
    "os-release": os_release,
    "python-place": python_place,
    "repo-file": repo_file,
    "repositories": repositories,
    "sweep": sweep,
    "system-python": system_python,
    "url-join": url_join,
    "exits": exits,
    "medium-key": medium_key,
    "own-key": own_key,
    "server-keys": server_keys,
    "occupied": occupied,
    "path": path,
    "prefix": prefix,
    "release": release,
    "disc": disc_release,
    "release-name": release_name,
    "signature": signature,
    "space": space_,
    "target-rank": target_rank,
    "unpack": unpack,
    "url": url_,
    "version": version,
    "volume": volume,
    "web": web_,
    "yum-command": yum_command,
    "yum-words": yum_words,
}


@pytest.mark.parametrize("rule", cases.rules())
def test_python_follows(rule):
    for case in cases.read(rule):
        assert RULES[rule](*cases.text(case.given)) == cases.text(case.expected), case.place


def test_every_rule_has_cases():
    assert sorted(RULES) == cases.rules()
    for rule in RULES:
        assert cases.read(rule)


@pytest.mark.parametrize("line", ["x", ">no blank", "<no blank"])
def test_a_line_of_another_form(monkeypatch, tmp_path, line):
    (tmp_path / "rule").mkdir()
    (tmp_path / "rule/a.case").write_text("# a comment\n< \\x41\\n\n> B\n\n<\n")
    monkeypatch.setattr(cases, "SHARED", str(tmp_path))
    assert [(case.given, case.expected) for case in cases.read("rule")] == [([b"A\n"], [b"B"]), ([b""], [])]
    (tmp_path / "rule/b.case").write_text(line + "\n")
    with pytest.raises(ValueError, match=re.escape("rule/b.case:1: no line of a case")):
        cases.read("rule")
