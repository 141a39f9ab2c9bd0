"""Modules that are imported in the place of others, beside what real interpreters import."""

import os
import subprocess
import sys
import venv

import pytest

import pythons
from offkit.edges.tree import Tree
from offkit.server.doctor import shadows
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from server_maker import SITE, Server

SERIES = "python{}.{}".format(*sys.version_info[:2])


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path / "root")


def played(server):
    found = examine("/opt/env", server.root).findings
    return [each for each in found if each.code in ("ENV017", "PKG017", "PKG018")]


def real(top, system=False):
    where = str(top / "env")
    venv.create(where, symlinks=True, with_pip=False, system_site_packages=system)
    return where


def where_from(python, module, cwd="/", script="", **given):
    """Which file a real Python imports."""
    code = "import {0}; print({0}.__file__)".format(module)
    words = [script] if script else ["-c", code]
    if script:
        with open(script, "w") as out:
            out.write(code)
    done = subprocess.run([python, *words], cwd=str(cwd), env=given, stdout=subprocess.PIPE)
    return done.stdout.decode("utf-8").strip()


def install(site, name, version):
    info = os.path.join(str(site), "{}-{}.dist-info".format(name, version))
    os.makedirs(info)
    with open(os.path.join(str(site), name + ".py"), "w") as out:
        out.write("version = {!r}\n".format(version))
    with open(info + "/METADATA", "w") as out:
        out.write("Metadata-Version: 2.1\nName: {}\nVersion: {}\n".format(name, version))


def found_of_user(where, **given):
    tree = Tree("/")
    return shadows.user_site(tree, environment.locate(tree, where)[0], given)


def test_the_users_packages_in_a_virtual_environment(tmp_path):
    """They do not count there."""
    where = real(tmp_path)
    install(tmp_path / "home/.local/lib" / SERIES / "site-packages", "apart", "2.0")
    install(where + "/lib/" + SERIES + "/site-packages", "apart", "1.0")
    home = str(tmp_path / "home")
    assert where_from(where + "/bin/python", "apart", HOME=home).startswith(where)
    assert found_of_user(where, HOME=home) == []


def test_the_users_packages_behind_those_of_an_environment_with_the_systems(tmp_path):
    """They count there, and the environment's own come first."""
    where = real(tmp_path, system=True)
    site = tmp_path / "home/.local/lib" / SERIES / "site-packages"
    install(site, "apart", "2.0")
    home = str(tmp_path / "home")
    assert where_from(where + "/bin/python", "apart", HOME=home).startswith(str(site))
    assert found_of_user(where, HOME=home) == []
    install(where + "/lib/" + SERIES + "/site-packages", "apart", "1.0")
    assert where_from(where + "/bin/python", "apart", HOME=home).startswith(where)
    (found,) = found_of_user(where, HOME=home)
    assert (found.code, found.severity, found.subject) == ("ENV017", "info", str(site))
    assert found.message == "has apart 2.0 behind 1.0: it is never imported"


def test_the_users_packages_before_those_of_a_python(server, tmp_path):
    """As site.main has it: the user's come first. A made root, so that this machine's Python is left alone."""
    server.put("/usr/lib64/python3.6/site-packages/numpy-1.19.5.dist-info/METADATA", "")
    server.put("/home/u/.local/lib/python3.6/site-packages/numpy-1.13.3.dist-info/METADATA", "")
    server.put("/home/u/.local/lib/python3.6/site-packages/other-1.0.dist-info/METADATA", "")
    tree = Tree(server.root)
    server.link("/usr/bin/python3.6", "/usr/local/bin/python3.6")
    env = environment.locate(tree, "/usr")[0]
    assert env.own
    (found,) = shadows.user_site(tree, env, {"HOME": "/home/u"})
    assert (found.code, found.severity) == ("ENV017", "warning")
    assert found.message == "has numpy 1.13.3 before 1.19.5: this user imports that one, others do not"
    assert found.fix.endswith("-m pip uninstall numpy; or export PYTHONNOUSERSITE=1")
    assert shadows.user_site(tree, env, {"HOME": "/home/u", "PYTHONNOUSERSITE": "1"}) == []
    assert shadows.user_site(tree, env, {"HOME": "/root"}) == []
    (moved,) = shadows.user_site(tree, env, {"HOME": "/root", "PYTHONUSERBASE": "/home/u/.local"})
    assert moved.message == found.message


def test_the_users_packages_come_first_indeed(tmp_path):
    """What a real Python does without an environment."""
    site = tmp_path / ".local/lib" / SERIES / "site-packages"
    install(site, "apart", "2.0")
    code = "import sys; print('\\n'.join(sys.path))"
    said = subprocess.check_output(
        [os.path.realpath(sys.executable), "-c", code], env={"HOME": str(tmp_path)}
    )
    paths = [path for path in said.decode("utf-8").splitlines() if path.endswith("-packages")]
    assert paths[0] == str(site)
    assert len(paths) > 1


def test_a_module_beside_the_commands(tmp_path):
    """The directory of a script comes before all else."""
    where = real(tmp_path)
    tree = Tree("/")
    env = environment.locate(tree, where)[0]
    assert shadows.misplaced(tree, env) == []
    for name in ("random.py", "apart.py", "rst2html.py"):
        with open(where + "/bin/" + name, "w") as out:
            out.write("")
    install(where + "/lib/" + SERIES + "/site-packages", "apart", "1.0")
    assert where_from(where + "/bin/python", "random", script=where + "/bin/command").startswith(
        where + "/bin/"
    )
    assert where_from(where + "/bin/python", "apart", script=where + "/bin/command").startswith(
        where + "/bin/"
    )
    own, installed = shadows.misplaced(tree, env)
    assert (own.code, own.severity, own.subject) == ("PKG017", "warning", where + "/bin")
    assert own.message == "each command in it imports random from there, not Python's own"
    assert own.fix == "rename or remove random.py"
    assert installed.message == "each command in it imports apart from there, not what is installed"


def test_a_module_where_python_is_started(tmp_path):
    """'python -m' and 'python -c' look in the working directory first."""
    where = real(tmp_path)
    (tmp_path / "work" / "apart").mkdir(parents=True)
    (tmp_path / "work" / "json.py").write_text("")
    start = str(tmp_path / "work")
    install(where + "/lib/" + SERIES + "/site-packages", "apart", "1.0")
    json = where_from(where + "/bin/python", "json", cwd=start)
    assert os.path.join(start, json) == start + "/json.py"
    tree = Tree("/")
    env = environment.locate(tree, where)[0]
    (own,) = shadows.misplaced(tree, env, start)  # a directory without __init__.py gives way
    assert (own.severity, own.subject) == ("warning", start)
    assert own.message == "'python -m' started there imports json from there, not Python's own"
    (tmp_path / "work" / "apart" / "__init__.py").write_text("")
    assert where_from(where + "/bin/python", "apart", cwd=start).endswith("apart/__init__.py")
    assert [each.severity for each in shadows.misplaced(tree, env, start)] == ["warning", "info"]
    assert shadows.misplaced(tree, env, os.path.dirname(os.__file__)) == []


def test_a_package_that_python_has_itself(tmp_path):
    """enum34, typing, dataclasses: Python's own is imported, and this one by nobody."""
    where = real(tmp_path)
    site = where + "/lib/" + SERIES + "/site-packages"
    install(site, "typing", "3.7.4.3")
    with open(site + "/typing-3.7.4.3.dist-info/RECORD", "w") as out:
        out.write("typing.py,,\ntyping-3.7.4.3.dist-info/METADATA,,\ntyping-3.7.4.3.dist-info/RECORD,,\n")
    assert not where_from(where + "/bin/python", "typing").startswith(where)
    tree = Tree("/")
    (found,) = shadows.misplaced(tree, environment.locate(tree, where)[0])
    assert (found.code, found.severity, found.subject) == ("PKG017", "info", "typing")
    message = (
        "brings typing, which Python {}.{} has itself and imports, unless PYTHONPATH names this directory"
    )
    assert found.message == message.format(*sys.version_info[:2])


def test_a_package_that_only_newer_pythons_have(server):
    """dataclasses on 3.6 is what brings them there."""
    server.distribution("dataclasses", "0.8", {"dataclasses.py": ""})
    assert played(server) == []


def test_pth_files_that_reach_elsewhere(server):
    """Known to Python, and to no RECORD; what is gone is missed."""
    server.put(SITE + "/inside.pth", "more\n/opt/env/also\nimport os\n# /nowhere\n")
    server.directory(SITE + "/more")
    assert played(server) == []
    server.put(SITE + "/easy-install.pth", "/srv/app/src\n/srv/gone/src\n")
    server.directory("/srv/app/src")
    there, gone = played(server)
    assert (there.code, there.severity, there.subject) == ("PKG018", "info", "easy-install.pth")
    assert there.message == "adds /srv/app/src: what is imported from there is compared with nothing"
    assert (gone.code, gone.severity) == ("PKG018", "warning")
    assert (
        gone.message == "names /srv/gone/src, which is not there: what was to be imported from it is missing"
    )
    assert gone.looked_in == (SITE + "/easy-install.pth",)


def starts(python, locale):
    """Whether a real Python does."""
    environ = {"PATH": os.environ["PATH"], **({"LC_ALL": locale} if locale else {})}
    return not subprocess.call(
        [python, "-c", ""], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.mark.parametrize("series", ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "ascii"])
def test_a_pth_file_at_which_python_does_not_start(tmp_path, series, encoding):
    """Said where a real one does not."""
    python = pythons.find(series)
    if python is None:
        pytest.skip("no Python {} on this machine".format(series))
    where = str(tmp_path / "env")
    subprocess.check_call([python, "-m", "venv", "--without-pip", where])
    (site,) = [top for top, dirs, _ in os.walk(where) if os.path.basename(top) == "site-packages"]
    named = where + "/" + ("there" if encoding == "ascii" else "\u540d\u524d")
    with open(site + "/my.pth", "wb") as out:
        out.write("# mine\n{}\n".format(named).encode(encoding))
    os.mkdir(os.fsencode(where) + named[len(where) :].encode(encoding))
    tree = Tree("/")
    found = shadows.elsewhere(tree, environment.locate(tree, where)[0])
    in_utf8, in_c, without = (starts(where + "/bin/python", locale) for locale in ("C.UTF-8", "C", ""))
    said = {(each.code, each.severity, each.subject) for each in found}
    if encoding == "gb18030":
        assert said == {("PKG018", "error", "my.pth")}
        assert not in_utf8
        assert not in_c
    else:
        severity = "" if in_c else "info" if without else "warning"
        assert in_utf8
        assert said == ({("PKG018", severity, "my.pth")} if severity else set())


def test_a_pth_file_in_gbk_of_a_root(server):
    """In one line, which can be printed: not that what it names is missing too."""
    server.put(SITE + "/my.pth", "/srv/\u9879\u76ee\n".encode("gb18030"))
    (found,) = played(server)
    assert found.message == "is not UTF-8: Python 3.6 does not start, but where the locale has its encoding"
    assert "iconv -f GB18030 -t UTF-8" in found.fix
    found.message.encode("ascii")
    server.put(SITE + "/my.pth", "/srv/\u9879\u76ee\n".encode("utf-8"))
    ascii_only, gone = played(server)
    assert (
        ascii_only.message
        == "is not ASCII: Python 3.6 does not start with LC_ALL=C, nor without a locale, as by cron"
    )
    assert "/srv/\u9879\u76ee, which is not there" in gone.message


def test_a_healthy_environment_says_nothing(tmp_path):
    where = real(tmp_path)
    found = examine(where, variables={"HOME": str(tmp_path)}).findings
    assert [each for each in found if each.code in ("ENV017", "PKG017", "PKG018")] == []
