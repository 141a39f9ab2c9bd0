"""A process stays in the generation in which it began: real environments, and a real switch."""

import itertools
import os
import subprocess
import sys
import threading

import pytest

from offkit.edges import sites
from offkit.server.environment import threshold
from offkit.server.prefix import generations, running

NAMES = ("0001-aaaaaaaa", "0002-bbbbbbbb")
# What lies between the two of ours: a project's directory, and a namespace as setuptools makes one
# (it takes the place from site's own frame).
BETWEEN = {
    "m.pth": "project\n",
    "n-nspkg.pth": "import sys, types; m = sys.modules.setdefault('space', types.ModuleType('space')); "
    "m.__dict__.setdefault('__path__', []).append(sys._getframe(1).f_locals['sitedir'] + '/space')\n",
}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Two generations, each with its name in five modules; the first is current."""
    top = tmp_path_factory.mktemp("a prefix")
    for name in NAMES:
        root = str(top / "generations" / name)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", root], check=True)
        (site,) = sites.below(root)[:1]
        for path, content in threshold.files():
            with open(os.path.join(site, path), "wb") as out:
                out.write(content)
        for path, text in BETWEEN.items():
            with open(os.path.join(site, path), "w") as out:
                out.write(text)
        for path in ("first.py", "second.py", "project/third.py", "space/fourth.py", "package/__init__.py"):
            os.makedirs(os.path.dirname(os.path.join(site, path)), exist_ok=True)
            with open(os.path.join(site, path), "w") as out:
                out.write("name = {!r}\n".format(name))
        with open(os.path.join(site, "package/fifth.py"), "w") as out:
            out.write("name = {!r}\n".format(name))
    generations.switch(str(top), NAMES[0])
    return str(top)


WAITING = """
import sys, first, package
print(sys.prefix, flush=True)
input()
import second, third, space.fourth, package.fifth, site
print(first.name, second.name, third.name, space.fourth.name, package.fifth.name)
assert sys.prefix == sys.exec_prefix and sys.executable.startswith(sys.prefix + "/bin/"), sys.executable
assert site.getsitepackages()[0].startswith(sys.prefix)
left = [path for path in sys.path if "/current" in path or "/door" in path]
assert not left, left
assert len(set(sys.path)) == len(sys.path)
"""


def started(*argv, **more):
    return subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True, **more
    )


@pytest.mark.parametrize("way", ["current", "door", "relative", "beyond", "module"])
def test_what_it_imports_later(prefix, tmp_path, way):
    """By the link itself, by one to it, from below, past it and back, with -m."""
    generations.switch(prefix, NAMES[0])
    os.symlink(prefix + "/current", str(tmp_path / "door"))
    (tmp_path / "waiting.py").write_text(WAITING)
    python, more = prefix + "/current/bin/python", {}
    words = [str(tmp_path / "waiting.py")]
    if way == "door":
        python = str(tmp_path / "door/bin/python")
    elif way == "relative":
        python, more = "current/bin/python", {"cwd": prefix}
    elif way == "beyond":
        python = prefix + "/current/bin/../bin/python3"
    elif way == "module":
        words, more = ["-m", "waiting"], {"cwd": str(tmp_path)}
    with started(python, *words, **more) as process:
        assert process.stdout.readline().strip() == prefix + "/generations/" + NAMES[0]
        generations.switch(prefix, NAMES[1])
        told, _ = process.communicate("\n")
    assert (process.returncode, told.split()) == (0, [NAMES[0]] * 5)
    done = subprocess.run([python, *words], input=b"\n", stdout=subprocess.PIPE, check=True, **more)
    assert done.stdout.decode().split()[-5:] == [NAMES[1]] * 5


def test_by_its_own_path_nothing_changes(prefix):
    """Where no link was gone through there is none to leave; nor has a Python that sees no site-packages any."""
    show = "import sys; print(sys.prefix, sys.path)"
    for flags in ([], ["-I"], ["-E"], ["-s"]):
        for python in (
            prefix + "/current/bin/python",
            prefix + "/generations/{}/bin/python".format(NAMES[0]),
        ):
            generations.switch(prefix, NAMES[0])
            told = subprocess.check_output([python, *flags, "-c", show]).decode()
            assert told.startswith(prefix + "/generations/" + NAMES[0])
            assert "/current" not in told
    subprocess.run([prefix + "/current/bin/python", "-I", "-S", "-c", show], check=True)


def test_while_it_is_switched_all_the_time(prefix):
    """Whatever moment it begins at: all that it imports is of one generation."""
    over = threading.Event()

    def switching():
        for name in itertools.cycle(NAMES):
            generations.switch(prefix, name)
            if over.wait(0.001):
                return

    thread = threading.Thread(target=switching)
    thread.start()
    try:
        argv = [prefix + "/current/bin/python", "-c"]
        code = "import first, second, third, space.fourth, package.fifth as p; "
        code += "print(first.name, second.name, third.name, space.fourth.name, p.name)"
        for _ in range(40):
            names = subprocess.check_output([*argv, code]).decode().split()
            assert names == names[:1] * 5
    finally:
        over.set()
        thread.join()


def test_who_still_runs_with_the_old_one(prefix, tmp_path):
    """By what it has mapped or was started as; not what began afterwards, and without its arguments."""
    generations.switch(prefix, NAMES[0])
    (tmp_path / "waiting.py").write_text(WAITING)
    words = [str(tmp_path / "waiting.py"), "--password=secret"]
    with started(prefix + "/current/bin/python", *words) as by_link:
        with started(prefix + "/generations/{}/bin/python".format(NAMES[0]), *words) as old:
            for process in (by_link, old):
                process.stdout.readline()
            generations.switch(prefix, NAMES[1])
            with started(prefix + "/generations/{}/bin/python".format(NAMES[1]), *words) as new:
                new.stdout.readline()
                (told,) = running.of_before(prefix, running.found(prefix))
                new.communicate("\n")
            assert (told.code, told.severity, told.subject) == ("ENV050", "info", prefix)
            assert told.message == "2 processes stay with what was current when they began"
            assert set(told.looked_in) == {"{}: python waiting.py".format(one.pid) for one in (by_link, old)}
            for process in (by_link, old):
                process.communicate("\n")
    assert running.of_before(prefix, running.found(prefix)) == []
    assert running.of_before(prefix, running.found(prefix, str(tmp_path / "no proc"))) == []


def test_what_is_no_process_of_a_package(tmp_path):
    """offkit itself, a kernel's thread, another prefix, and one whose files may not be read."""
    prefix = str(tmp_path / "prefix")
    python = "{}/generations/{}/bin/python".format(prefix, NAMES[0])
    commands = {
        11: [python, "-I", "-S", "{}/generations/{}/offkit/runtime".format(prefix, NAMES[0]), "rollback"],
        12: [],
        13: [python.replace("prefix", "other"), "app.py"],
        15: ["python3", "-m", "app", "--token=x"],
    }
    for pid, words in commands.items():
        (tmp_path / "proc" / str(pid)).mkdir(parents=True)
        (tmp_path / "proc" / str(pid) / "cmdline").write_text("".join(word + "\0" for word in words))
    (tmp_path / "proc" / "14").mkdir()
    (tmp_path / "proc" / "15" / "maps").write_text("7f00-7f01 r-xp 0 08:01 7 {}\n".format(python))
    found = running.found(prefix, str(tmp_path / "proc"))
    assert found == [running.Process(15, "python3 -m app", NAMES[0])]


def test_many_of_them():
    """Five are named."""
    many = [running.Process(number, "gunicorn", NAMES[0]) for number in range(8)]
    (told,) = running.of_before("/nowhere", many)
    assert (len(told.looked_in), told.looked_in[-1]) == (6, "3 more")
    assert told.message.startswith("8 processes stay ")
