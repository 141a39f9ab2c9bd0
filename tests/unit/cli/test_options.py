"""Which options there are, what they are when nobody says, and what several commands make of them."""

import json
import os
import shlex

import pytest
import typer

import target_maker
from offkit.cli import app, options, render
from offkit.model import target as targets
from offkit.model.errors import UsageError
from offkit.server.prefix import generations

# In their order. Behind a name: * several times, ? a flag, ! needed, ~ not in the help, ^ its default is not
# said, and = the default, where it is another than none.
EVERY = {
    "lock": """
        requirements*^ --requirement/-r* --constraint/-c* --editable/-e* --group* --extra* --build* --python* --target* --arch=x86_64 --output/-o --index-url/-i
        --extra-index-url* --index* --from* --find-links/-f* --no-index? --trusted-host* --proxy --cert --client-cert --pre? --offline?
        --cache-dir --json? --quiet/-q? --verbose/-v?
    """,
    "bundle": """
        requirements*^ --requirement/-r* --constraint/-c* --editable/-e* --group* --extra* --build* --python* --target* --arch=x86_64 --output/-o=bundle.tar
        --python-source --python-build --iso* --rpm-repo* --rpm-key* --control-node? --collection* --carry-source*
        --rehearse? --smoke --image* --since --part-size --dry-run? --index-url/-i
        --extra-index-url* --index* --from* --find-links/-f* --no-index? --trusted-host* --proxy --cert --client-cert --pre? --offline?
        --cache-dir --json? --quiet/-q? --verbose/-v?
    """,
    "inspect": """
        bundle! --json? --quiet/-q? --verbose/-v?
    """,
    "verify": """
        bundle! --json? --quiet/-q? --verbose/-v?
    """,
    "merge": """
        old! differences*! --output/-o! --json? --quiet/-q? --verbose/-v?
    """,
    "probe": """
        --output/-o --python --script? --json? --quiet/-q? --verbose/-v?
    """,
    "install": """
        bundle! --prefix --python --keep=5 --iso* --rpm-repo* --no-root? --allow-missing? --smoke?
        --get-python --ld-so-conf? --dry-run? --planned-python~ --planned-step*~ --part~ --json? --quiet/-q?
        --verbose/-v?
    """,
    "doctor": """
        words*^ --prefix --root=/ --iso* --rpm-repo* --check* --list-checks? --fix? --yes/-y?
        --json? --quiet/-q? --verbose/-v?
    """,
    "smoke": """
        file^ --import? --generation --prefix --timeout=120.0 --json? --quiet/-q? --verbose/-v?
    """,
    "run-badapple": """
        video -j/--jobs -o/--output --format^= --color=none --mode=characters --ramp --invert?
        --width --height --cell-aspect=2.0 --full? --quick? --codecs? --play? --speed=1.0 --bench
        --json? --quiet/-q? --verbose/-v?
    """,
    "generations": """
        --prefix --json? --quiet/-q? --verbose/-v?
    """,
    "rollback": """
        generation^ --prefix --dry-run? --json? --quiet/-q? --verbose/-v?
    """,
    "report": """
        directory! --html --json? --quiet/-q? --verbose/-v?
    """,
    "uninstall": """
        --prefix --yes/-y? --keep-rpms? --dry-run? --json? --quiet/-q? --verbose/-v?
    """,
    "adopt-python": """
        directory!
    """,
    "repo": """

    """,
    "repo add": """
        --iso* --mount* --dir* --only? --persist? --at^= --dry-run? --json? --quiet/-q?
        --verbose/-v?
    """,
    "repo status": """
        --json? --quiet/-q? --verbose/-v?
    """,
    "repo remove": """
        --dry-run? --json? --quiet/-q? --verbose/-v?
    """,
}
ONLINE = ("lock", "bundle")
HIDDEN = ("adopt-python",)


def told(parameter):
    marks = (
        ("*", getattr(parameter, "multiple", False) or parameter.nargs != 1),
        ("~", parameter.hidden),
        ("?", getattr(parameter, "is_flag", False)),
        ("!", parameter.required),
        ("^", not parameter.show_default),
    )
    default = parameter.default
    said = "" if default is None or default is False else "={}".format(default)
    return "/".join(parameter.opts) + "".join(mark for mark, there in marks if there) + said


def every(name, command):
    if name:
        yield name, command
    for below, one in getattr(command, "commands", {}).items():
        yield from every((name + " " + below).strip(), one)


@pytest.fixture(scope="module")
def commands():
    return dict(every("", typer.main.get_command(app.made())))


def test_every_option(commands):
    """Names and defaults are a promise: scripts and playbooks have them."""
    found = {name: " ".join(map(told, one.params)) for name, one in commands.items()}
    expected = {name: " ".join(text.split()) for name, text in EVERY.items()}
    if not render.has_online_zone():
        for name in ONLINE:
            del expected[name]
    assert found == expected
    root = typer.main.get_command(app.made())
    assert [(told(one), one.is_eager) for one in root.params] == [("--version?", True)]


def test_commands_in_the_order_of_the_journey(commands):
    """Each with a line of its own in the help, but for what install.sh calls."""
    root = typer.main.get_command(app.made())
    listed = [name for name in root.list_commands(None) if name not in ONLINE]
    assert listed == [name for name in EVERY if " " not in name and name not in ONLINE]
    assert [name for name, one in commands.items() if one.hidden] == list(HIDDEN)
    assert all(one.short_help for name, one in commands.items() if name not in HIDDEN)
    settings = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
    for one in (root, *(one for name, one in commands.items() if not name.startswith("repo "))):
        assert one.context_settings == settings, one.name
    assert root.name == "offkit"


def test_the_default_prefix(monkeypatch):
    """Root's and everybody else's."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert options.default_prefix() == "/opt/offkit"
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    assert options.default_prefix() == "/home/me/.local/share/offkit"


def test_the_prefix_that_is_meant(monkeypatch, tmp_path):
    """As said, else where this offkit stands, else the default; absolute."""
    monkeypatch.chdir(tmp_path)
    asked = []
    home = ["/stands/here"]
    monkeypatch.setattr(generations, "home", lambda place: asked.append(place) or home[0])
    monkeypatch.setattr(options, "default_prefix", lambda: "/default")
    assert options.standing_prefix("p") == os.path.join(os.getcwd(), "p")
    assert options.standing_prefix(None) == "/stands/here"
    home[0] = None
    assert options.standing_prefix(None) == "/default"
    assert set(asked) == {options.__file__}
    with pytest.raises(UsageError, match="--prefix is given, but empty"):
        options.standing_prefix("")


def test_an_option_that_is_empty():
    """Is told apart from one that is not there."""
    options.refuse_empty(prefix=None, python="x")
    with pytest.raises(UsageError) as caught:
        options.refuse_empty(prefix="x", python="")
    assert caught.value.message == "--python is given, but empty"
    assert caught.value.fix == "check whether a shell variable is unset; omit the option to use the default"


def test_media(monkeypatch, tmp_path):
    """Paths from where the command was typed, URLs as they are but for slashes at the end."""
    monkeypatch.chdir(tmp_path)
    here = os.getcwd()
    assert options.media(None, None) == ([], [])
    isos, places = options.media(["a.iso", "/b.iso"], ["d", "http://m:80/el7//", "/e"])
    assert isos == [here + "/a.iso", "/b.iso"]
    assert places == [here + "/d", "http://m:80/el7", "/e"]


@pytest.mark.parametrize(
    ("isos", "places", "message", "fix"),
    [
        ([""], [], "--iso is given, but empty", "check whether a shell variable is unset"),
        (["a", ""], [], "--iso is given, but empty", "check whether a shell variable is unset"),
        ([], [""], "--rpm-repo is given, but empty", "check whether a shell variable is unset"),
        (
            ["http://m/a.iso"],
            [],
            "--iso takes a file, not a URL",
            "--rpm-repo takes the URL of a repository",
        ),
        (
            ["a", "https://m/a.iso"],
            [],
            "--iso takes a file, not a URL",
            "--rpm-repo takes the URL of a repository",
        ),
        ([], ["http://me@m/"], "--rpm-repo: http://m/ is not http://HOST[:PORT]/PATH", ""),
    ],
)
def test_media_that_are_none(isos, places, message, fix):
    """Which option it is, and what takes its place."""
    with pytest.raises(UsageError) as caught:
        options.media(isos, places)
    assert caught.value.message.startswith(message)
    assert caught.value.fix.startswith(fix)
    assert bool(caught.value.fix) == bool(fix)


def test_a_target_in_a_file(tmp_path):
    """As 'offkit probe' writes it; what is no file is a name."""
    made = targets.Target("custom", 0, "aarch64", "3.9.2", (2, 31))
    path = tmp_path / "el7"
    path.write_text(json.dumps(made.to_json()))
    spelled = '"python": "{1}" in ' + shlex.quote(str(path))
    assert options.target_of(None, str(path), "x86_64") == made._replace(spelled=spelled)
    assert options.target_of(None, None, "aarch64") == target_maker.preset(None, None, "aarch64")
    assert options.target_of("3.6", "el8", "x86_64") == target_maker.preset("3.6", "el8", "x86_64")
    with pytest.raises(UsageError) as caught:
        options.target_of("3.9", str(path), "x86_64")
    assert caught.value.message == "--target: {}: --python and a target file contradict each other".format(
        path
    )
    assert caught.value.fix == "omit --python: the file names its Python"


def test_a_target_file_and_an_architecture(tmp_path):
    """The file names it; the default is no wish for another, and other names mean the same."""
    path = tmp_path / "t.json"
    path.write_text(json.dumps(targets.Target("el8", 8, "aarch64", "3.9.2", (2, 28)).to_json()))
    assert [options.target_of(None, str(path), each).arch for each in ("x86_64", "aarch64", "ARM64")] == [
        "aarch64"
    ] * 3
    with pytest.raises(UsageError) as caught:
        options.target_of(None, str(path), "s390x")
    message = "--arch s390x and {}, which is about aarch64, contradict each other"
    assert caught.value.message == message.format(path)


def test_a_target_that_is_not_there(tmp_path):
    """A path, or what is called as such files are, is no name; a directory that is called as a release is one."""
    for word, what in (
        (str(tmp_path / "x"), "does not exist"),
        ("none.json", "does not exist"),
        ("/dev/null", "is a device or a pipe, not a file"),
        (str(tmp_path), "is a directory"),
    ):
        with pytest.raises(UsageError) as caught:
            options.target_of(None, word, "x86_64")
        assert caught.value.message == "--target: {} {}".format(word, what)
        assert caught.value.fix == "give the file that 'offkit probe' wrote"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_file_that_is_no_target(tmp_path, text):
    """A usage error, which names the file or what is wrong with it."""
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        options.target_of(None, str(path), "x86_64")
    if text in ("", "{"):
        assert caught.value.message.startswith("{} cannot be read as a target: ".format(path))
    else:
        assert caught.value.message.startswith("--target: {}: not a target description (".format(path))


@pytest.mark.parametrize(
    ("data", "message", "fix"),
    [
        ([], "not a target description (it is no object)", "write it again on the server: offkit probe -o FILE"),
        ({"a": 1}, "not a target description (it has no el)", "write it again on the server: offkit probe -o FILE"),
        ({"schema": "offkit/target-1"}, "not a target description (it has no el)", "write it again on the server: offkit probe -o FILE"),
        ({"schema": "offkit/target-3"}, "a newer offkit wrote it (offkit/target-3)", "take that offkit here as well, or write it again with the probe of this one: offkit probe --script"),
    ],
)  # fmt: skip
def test_a_document_that_is_no_target(tmp_path, data, message, fix):
    """In words, with what to do; and the form of a later offkit is not taken for a damaged one."""
    path = tmp_path / "t.json"
    path.write_text(json.dumps(data))
    with pytest.raises(UsageError) as caught:
        options.target_of(None, str(path), "x86_64")
    assert (caught.value.message, caught.value.fix) == ("--target: {}: {}".format(path, message), fix)


def test_a_target_in_utf8_whatever_the_locale(tmp_path):
    """The name of a system may be in it."""
    data = dict(target_maker.preset().to_json(), system="S\xfcd")
    (tmp_path / "t.json").write_bytes(json.dumps(data, ensure_ascii=False).encode("utf-8"))
    found = options.target_of(None, str(tmp_path / "t.json"), "x86_64")
    assert found._replace(spelled="") == target_maker.preset()


def test_options_in_pips_words():
    """Each with its value, in pip's names; nothing for what is not said."""
    assert options.index_args(None, None, None, False, None, None, None, False) == []
    found = options.index_args("I", ["E1", "E2"], ["F1", "F2"], True, ["T1", "T2"], "P", "C", True)
    assert found == [
        *("--index-url", "I", "--proxy", "P", "--cert", "C"),
        *("--extra-index-url", "E1", "--extra-index-url", "E2", "--find-links", "F1", "--find-links", "F2"),
        *("--trusted-host", "T1", "--trusted-host", "T2", "--no-index", "--pre"),
    ]
    assert options.index_args("", [], [], False, [], None, None, True) == ["--index-url", "", "--pre"]
    assert options.index_args(None, None, None, True, None, None, None, False) == ["--no-index"]
    found = options.index_args(None, None, None, False, None, None, None, False, ["a=U", "b=V"], ["a=x,y"])
    assert found == ["--index", "a=U", "--index", "b=V", "--from", "a=x,y"]
    found = options.index_args(None, None, None, False, None, None, "C", False, client_cert="K")
    assert found == ["--cert", "C", "--client-cert", "K"]


class Stop(Exception):
    """Raised where the printer is made."""


@pytest.mark.parametrize("name", [name for name in EVERY if name not in (*HIDDEN, "repo")])
def test_how_much_each_command_says(commands, monkeypatch, name):
    """--json, -q and -v of every command are the printer's."""
    if name in ONLINE and not render.has_online_zone():
        return
    made = []

    def console(*args):
        made.append(args)
        raise Stop

    monkeypatch.setattr(render, "console", console)
    words = {
        "install": ["b"],
        "inspect": ["b"],
        "verify": ["b"],
        "report": ["d"],
        "merge": ["o", "d", "-o", "n"],
    }.get(name, [])
    for option, modes in (
        (None, (False, False, False)),
        ("--json", (True, False, False)),
        ("-q", (False, True, False)),
        ("-v", (False, False, True)),
    ):
        with pytest.raises(Stop):
            commands[name].main([*words, *filter(None, [option])], standalone_mode=False)
        assert made.pop() == modes


@pytest.mark.parametrize(
    ("named", "there"),
    [
        ("doctor", ["doctor"]),
        ("repo", ["repo"]),
        ("adopt-python", ["adopt-python"]),
        ("docotr", None),
        ("", None),
    ],
)
def test_the_command_that_is_named_is_all_that_is_made(named, there):
    """Where there is none of that name, all are: help and suggestions want them."""
    found = list(typer.main.get_command(app.made(named)).commands)
    assert found == (there or list(typer.main.get_command(app.made()).commands))
    assert len(found) == 1 or len(found) > 10


@pytest.mark.parametrize(("name", "where"), [("el8:", "behind"), (":3.9", "before")])
def test_half_of_a_target(name, where):
    """What stands on neither side of a colon is not guessed."""
    with pytest.raises(UsageError) as caught:
        options.targets_of(None, [name], "x86_64", None)
    assert caught.value.message == "--target {}: nothing stands {} the colon".format(name, where)


def test_the_server_that_a_file_describes(tmp_path):
    """With a Python of its own as without: what the server has is known, for each target."""
    path = str(tmp_path / "server:1.json")
    with open(path, "w") as sink:
        sink.write("{}")
    assert options.described(None, [path, path + ":3.12", "el8:3.9", "el9"]) == [path, path, None, None]
    assert options.described(["3.9", "3.11"], [path]) == [path, path]
    assert options.described(None, None) == [None]


def test_how_often_garbage_is_looked_for(monkeypatch):
    """Seldom in short commands, more seldom where pages of indexes are read."""
    told = []
    monkeypatch.setattr(app.gc, "set_threshold", told.append)
    monkeypatch.setattr(app.render, "prepare", lambda args: None)
    monkeypatch.setattr(app.signals, "interrupt", lambda: None)
    monkeypatch.setattr(app, "_guarded", lambda args: app.made(args[0]) and 0)
    for name, wanted in [("generations", [20000]), ("lock", [20000, 500000])]:
        if name == "generations" or render.has_online_zone():
            del told[:]
            with pytest.raises(SystemExit):
                app.main([name])
            assert told == wanted


@pytest.mark.parametrize(("command", "option", "metavar", "words"), [
    ("bundle", "iso", "FILE", "needs 'offkit[rpm]'"),
    ("bundle", "rpm_repo", "DIR|URL|FILE.repo", "needs 'offkit[rpm]'"),
    ("doctor", "rpm_repo", "DIR|URL", "a directory of RPMs"),
    ("install", "rpm_repo", "DIR|URL", "a directory of RPMs"),
    ("install", "dry_run", None, "change nothing"),
])  # fmt: skip
def test_what_help_says_of_rpms(command, option, metavar, words):
    commands = typer.main.get_command(app.made(command)).commands
    if command in commands:
        (found,) = [each for each in commands[command].params if each.name == option]
        assert (found.metavar, words in found.help) == (metavar, True)
