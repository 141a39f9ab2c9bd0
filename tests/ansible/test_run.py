"""run: offkit's commands on a server, whatever a server says around their documents."""

import io
import json
import os
import stat
import tarfile

import pytest

import actions
import collection

INSTALLED = {
    "schema": "offkit/install-1",
    "outcome": "install",
    "dry_run": False,
    "generation": "0002-ab12cd34",
    "python": {"path": "/usr/bin/python3.6", "version": "3.6.8"},
    "steps": [{"action": "environment"}],
    "packages": [{"name": "numpy", "version": "1.19.5"}, {"name": "idna", "version": "3.4"}],
    "findings": [],
}
BUSY = {
    "schema": "offkit/error-1",
    "error": "busy",
    "exit_code": 4,
    "findings": [
        {"code": "ENV030", "severity": "error", "subject": "", "message": "another offkit is at work"}
    ],
    "fix": "wait",
}


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """A server's prefix and its temporary directory, both empty."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    return tmp_path / "opt of it's"


@pytest.fixture
def scratch(prefix, tmp_path):
    return tmp_path / "tmp"


def bundle(tmp_path, script, manifest=None):
    """A bundle.tar whose install.sh is ``script``."""
    path = tmp_path / "bundle.tar"
    members = {"install.sh": "#!/bin/sh\n" + script + "\n"}
    members["MANIFEST.json"] = json.dumps(
        manifest or {"schema": "offkit/bundle-1", "target": {"arch": "x86_64"}}
    )
    with tarfile.open(str(path), "w") as tar:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode("utf-8"))
            tar.addfile(member, io.BytesIO(text.encode("utf-8")))
    return path


def says(document):
    return "cat <<'END'\n{}\nEND".format(json.dumps(document, indent=2))


def install(path, prefix, **how):
    args = {"command": "install", "bundle": str(path), "prefix": str(prefix)}
    args.update(how.pop("args", {}))
    return actions.run("run", args, **how)


def offkit(prefix, script, generation="0001-aaaaaaaa"):
    """An installed generation whose offkit is ``script``."""
    place = prefix / "generations" / generation
    (place / "bin").mkdir(parents=True)
    (place / "offkit").mkdir()
    (place / "bin" / "offkit").write_text("#!/bin/sh\n" + script + "\n", encoding="utf-8")
    (place / "bin" / "offkit").chmod(0o755)
    receipt = {
        "schema": "offkit/receipt-1",
        "id": generation,
        "manifest": "c0ffee",
        "python_version": "3.6.8",
        "packages": [{"name": "numpy", "version": "1.19.4"}],
    }
    (place / "offkit" / "receipt.json").write_text(json.dumps(receipt, indent=2), encoding="utf-8")
    current = prefix / "current"
    if current.is_symlink():
        current.unlink()
    current.symlink_to(place)


def test_installs_through_the_bundles_own_script(tmp_path, prefix, scratch):
    """install.sh is taken out of the bundle, gets every word as it is, and leaves nothing behind."""
    words = ["--keep", "3", "--iso", "/mnt/it's a disc.iso", "--rpm-repo", "$HOME;`id`"]
    path = bundle(tmp_path, 'for word in "$@"; do printf "<%s>\\n" "$word" >&2; done\n' + says(INSTALLED))
    result = install(path, prefix, args={"arguments": words}, diff=True)
    assert not result["failed"]
    assert result["changed"]
    assert result["healthy"]
    assert result["msg"] == "installed 0002-ab12cd34 (numpy 1.19.5, idna 3.4)"
    assert result["stderr"].splitlines() == [
        "<{}>".format(word) for word in [str(path), "--prefix", str(prefix), "--json", *words]
    ]
    assert (result["generation"], result["server"]["python"]) == ("0002-ab12cd34", "3.6.8")
    assert result["diff"]["before"] == ""
    assert result["diff"]["after"] == "numpy 1.19.5\nidna 3.4\n"
    assert os.listdir(str(scratch)) == []


def test_a_document_after_noise(tmp_path, prefix):
    """A login shell's banner, another program's JSON and words of offkit's own are no document."""
    noise = "echo Welcome to web01; echo '{\"not\": \"it\"}'; echo '{ broken'; echo 'x {\"schema\": 1}'"
    result = install(bundle(tmp_path, noise + "\n" + says(INSTALLED) + "\necho good bye"), prefix)
    assert result["msg"] == "installed 0002-ab12cd34 (numpy 1.19.5, idna 3.4)"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo usage: install.sh >&2; exit 2", "offkit gave no result (exit 2): usage: install.sh"),
        ("kill -9 $$", "offkit gave no result (exit 137, killed by signal 9): "),
        ("exit 255", "offkit gave no result (exit 255): nothing on stderr"),
        ("for n in 1 2 3 4 5; do echo line $n >&2; done; exit 70", "line 3 / line 4 / line 5"),
    ],
)
def test_no_document(tmp_path, prefix, scratch, script, message):
    """Then the exit code speaks, and the last lines of stderr."""
    result = install(bundle(tmp_path, script), prefix)
    assert result["failed"]
    assert message in result["msg"]
    assert "document" not in result
    assert os.listdir(str(scratch)) == []


def test_a_failure_is_one_line_now_and_everything_later(tmp_path, prefix):
    """judge: now fails with the line alone; judge: later keeps the document for the report."""
    found = [
        {"code": "ENV023", "severity": "warning", "subject": "system", "message": "not el7"},
        {
            "code": "ENV024",
            "severity": "error",
            "subject": "/opt",
            "message": "no room",
            "fix": "free some\nor not",
        },
        {"code": "ENV026", "severity": "error", "subject": "/opt", "message": "noexec", "fix": ""},
    ]
    document = {"schema": "offkit/error-1", "error": "cannot", "exit_code": 4, "findings": found, "fix": ""}
    path = bundle(tmp_path, says(document) + "\nexit 4")
    now = install(path, prefix)
    assert (now["failed"], now["msg"]) == (True, "ENV024 /opt: no room; free some (and 1 more)")
    assert set(now) == {"changed", "failed", "msg", "rc"}
    later = install(path, prefix, args={"judge": "later"})
    assert (later["failed"], later["healthy"], later["changed"]) == (False, False, False)
    assert later["document"] == document
    assert [one["code"] for one in later["findings"]] == ["ENV024", "ENV026", "ENV023"]


def test_waits_for_another_offkit(tmp_path, prefix, monkeypatch):
    """What a lost connection left at its work ends by itself, and then it is this one's turn."""
    from ansible_collections.offkit.fleet.plugins.action import run

    monkeypatch.setattr(run, "_PAUSE", 0)
    mark = tmp_path / "tried"
    script = "if [ -e '{0}' ]; then\n{1}\nelse\n: >'{0}'\n{2}\nexit 4\nfi".format(
        mark, says(INSTALLED), says(BUSY)
    )
    assert install(bundle(tmp_path, script), prefix, args={"judge": "later"})["healthy"]
    mark.unlink()
    result = install(bundle(tmp_path, script), prefix, args={"judge": "later", "wait": -1})
    assert result["msg"] == "ENV030 another offkit is at work; wait"


def test_check_mode_is_a_dry_run(tmp_path, prefix):
    """With the bundle there, offkit itself says what it would do."""
    document = dict(INSTALLED, dry_run=True)
    path = bundle(tmp_path, 'case "$*" in *--dry-run) ;; *) exit 9 ;; esac\n' + says(document))
    result = install(path, prefix, check=True)
    assert (result["changed"], result["msg"]) == (
        True,
        "would install 0002-ab12cd34 (numpy 1.19.5, idna 3.4)",
    )


def test_check_mode_without_the_bundle(tmp_path, prefix):
    """Where it was not carried, its digest is compared with the receipt of what is current."""
    path = bundle(tmp_path, "exit 9")
    args = {"bundle": "/nowhere/bundle.tar", "src": str(path)}
    result = install(path, prefix, args=args, check=True)
    assert (result["changed"], result["healthy"], result.get("failed")) == (True, True, False)
    assert "would install " in result["msg"]
    from ansible_collections.offkit.fleet.plugins.plugin_utils import source

    offkit(prefix, "exit 9", "0001-" + source.manifest(str(path))[1][:8])
    receipt = prefix / "current" / "offkit" / "receipt.json"
    receipt.write_text(receipt.read_text(encoding="utf-8").replace("c0ffee", source.manifest(str(path))[1]))
    result = install(path, prefix, args=args, check=True)
    assert not result["changed"]
    assert result["msg"].endswith("is current, nothing to do")


def test_nothing_to_do_is_no_change(tmp_path, prefix):
    """A second run."""
    document = dict(INSTALLED, outcome="nothing", steps=[])
    result = install(bundle(tmp_path, says(document)), prefix)
    assert (result["changed"], result["msg"]) == (
        False,
        "0002-ab12cd34 is current, nothing to do (numpy 1.19.5, idna 3.4)",
    )


def test_no_bundle_and_no_offkit(tmp_path, prefix):
    """Said as what they are."""
    assert install("/nowhere/bundle.tar", prefix)["msg"] == "/nowhere/bundle.tar does not exist on the server"
    (tmp_path / "bundle.tar").write_bytes(b"no tar at all")
    assert "has no readable install.sh" in install(tmp_path / "bundle.tar", prefix)["msg"]
    result = actions.run("run", {"command": "doctor", "prefix": str(prefix)})
    assert result["msg"] == "no offkit is installed in {}: deploy first, or set offkit_prefix".format(prefix)


def test_doctor(prefix):
    """Its first error with the yum line of all."""
    lacks = {"severity": "error", "message": "is missing", "fix": "one line"}
    document = {
        "schema": "offkit/doctor-1",
        "findings": [
            dict(lacks, code="LIB001", subject="libSM.so.6"),
            dict(lacks, code="LIB001", subject="libX"),
        ],
        "install_line": "yum install libSM libX",
    }
    offkit(prefix, '[ "$1 $2 $4" = "doctor --prefix --json" ] || exit 9\n' + says(document) + "\nexit 1")
    result = actions.run("run", {"command": "doctor", "prefix": str(prefix), "judge": "later"})
    assert result["msg"] == "LIB001 libSM.so.6: is missing; yum install libSM libX (and 1 more)"
    assert (result["generation"], result["rc"]) == ("0001-aaaaaaaa", 1)


@pytest.mark.parametrize(
    ("found", "rc", "message"),
    [
        ({"imported": 3, "checks": [], "findings": []}, 0, "3 modules imported"),
        (
            {"imported": 1, "checks": [{"name": "x.py"}], "findings": []},
            0,
            "1 module imported, 1 check passed",
        ),
        (
            {
                "imported": 2,
                "checks": [],
                "findings": [
                    {"severity": "error", "code": "SMOKE002", "subject": "x", "message": "ends it", "fix": ""}
                ],
            },
            1,
            "SMOKE002 x: ends it",
        ),
    ],
)
def test_smoke(prefix, found, rc, message):
    """How many were imported, and whose checks passed; the first error. It runs nothing in check mode."""
    words = '[ "$1 $2 $4 $5 $6" = "smoke --prefix --json --timeout 300" ] || exit 9\n'
    offkit(prefix, words + says(dict(found, schema="offkit/smoke-1")) + "\nexit {}".format(rc))
    args = {"command": "smoke", "prefix": str(prefix), "arguments": ["--timeout", "300"], "judge": "later"}
    result = actions.run("run", args)
    assert (result["msg"], result["rc"], result["changed"]) == (message, rc, False)
    assert actions.run("run", args, check=True)["skipped"]


def test_rollback_with_an_offkit_that_starts(prefix):
    """When the current one does not start any more, another generation's takes the word."""
    document = {
        "schema": "offkit/rollback-1",
        "outcome": "switch",
        "dry_run": False,
        "generation": "0001-aaaaaaaa",
        "left": "0002-bbbbbbbb",
        "changes": [{"name": "numpy", "old": "1.19.4", "new": "1.19.3"}],
        "findings": [],
    }
    offkit(prefix, '[ "$1" != --version ] || exit 0\n' + says(document))
    offkit(prefix, "exit 127", "0002-bbbbbbbb")
    result = actions.run("run", {"command": "rollback", "prefix": str(prefix)}, diff=True)
    assert result["msg"] == "0001-aaaaaaaa is current (was 0002-bbbbbbbb)"
    assert (result["diff"]["before"], result["diff"]["after"]) == ("numpy 1.19.4\n", "numpy 1.19.3\n")


def test_the_verification_is_skipped_in_check_mode(prefix):
    """It writes a scratch file, and says that it is left out."""
    result = actions.run("run", {"command": "run-badapple", "prefix": str(prefix)}, check=True)
    assert result["skipped"]
    assert "check mode" in result["msg"]


def test_the_first_decides_for_the_others(tmp_path, prefix):
    """Its own result is not repeated; a bundle at fault is not tried again; its own misfortune is its own."""
    path = bundle(tmp_path, says(INSTALLED))
    fine = {"host": "web00", "healthy": True, "rc": 0, "document": INSTALLED, "msg": "installed"}
    own = install(path, prefix, args={"first": [fine]}, variables={"inventory_hostname": "web00"})
    assert (own["msg"], own["changed"]) == ("installed", False)
    found = {"code": "BUN001", "severity": "error", "subject": "wheels/x.whl", "message": "is damaged"}
    damaged = {"schema": "offkit/error-1", "error": "it is damaged", "findings": [found]}
    one = dict(fine, healthy=False, rc=3, document=damaged, msg="damaged")
    result = install(path, prefix, args={"first": [one]})
    assert (result["healthy"], result["changed"]) == (False, False)
    assert result["msg"] == "not tried, because web00 failed with this bundle: damaged"
    for code, rc in (("ENV030", 4), ("RPM001", 3), ("PY020", 4), ("LIB001", 1), ("REPO011", 3)):
        document = dict(damaged, findings=[dict(found, code=code)])
        own = dict(fine, healthy=False, rc=rc, document=document, msg="of its own")
        assert install(path, prefix, args={"first": [own]})["healthy"], code
    assert install(path, prefix, args={"first": [dict(one, document=None)]})["healthy"]


def test_facts_of_one_host_are_not_everybodys(tmp_path, prefix):
    """Ansible hands the facts of a run_once task to all hosts: there are none then."""
    path = bundle(tmp_path, says(INSTALLED))
    assert "ansible_facts" in install(path, prefix)
    assert "ansible_facts" not in install(path, prefix, run_once=True)
    there = install(path, prefix, delegate_to="media01")
    assert (there["host"], there["changed"], there["changed_there"]) == ("media01", False, True)
    assert "ansible_facts" not in there


def test_leftovers_of_a_killed_run_go(tmp_path, prefix, scratch):
    """Its process is gone; that of a running one stays, and so does a link."""
    dead = scratch / "offkit-run.{}.4194399".format(os.getuid())
    alive = scratch / "offkit-run.{}.{}".format(os.getuid(), os.getpid())
    target = tmp_path / "elsewhere"
    for place in (dead, alive, target):
        place.mkdir()
    (scratch / "offkit-run.{}.4194398".format(os.getuid())).symlink_to(target)
    install(bundle(tmp_path, says(INSTALLED)), prefix)
    assert not dead.exists()
    assert alive.exists()
    assert target.exists()


def test_no_temporary_directory(tmp_path, prefix, monkeypatch):
    """Said with the place."""
    monkeypatch.setenv("TMPDIR", "/nowhere")
    result = install(bundle(tmp_path, says(INSTALLED)), prefix)
    assert "no temporary directory can be created in /nowhere" in result["msg"]


def test_relative_paths_are_refused():
    """On a server there is no directory to be relative to."""
    result = actions.run("run", {"command": "install", "bundle": "b.tar", "prefix": "opt"})
    assert result["msg"] == "offkit_prefix: opt is not an absolute path on the server"


def test_home_is_that_of_who_is_become(tmp_path, prefix, monkeypatch):
    """A path below ~ is one on the server."""
    monkeypatch.setattr(
        actions.ActionBase, "_remote_expand_user", lambda self, path: str(tmp_path) + path[1:]
    )
    bundle(tmp_path, says(INSTALLED))
    result = install("~/bundle.tar", "~/p")
    assert (result["changed"], result["prefix"]) == (True, str(tmp_path / "p"))


def test_a_problem_of_the_connection_is_judged_later_too(prefix, monkeypatch):
    """A password that become has not got fails nobody before the report."""
    from ansible.errors import AnsibleError

    begun = actions.action("run", {"command": "doctor", "prefix": "/opt/offkit", "judge": "later"})

    def refuse(*words, **how):
        raise AnsibleError("Missing sudo password")

    begun._connection.exec_command = refuse
    result = begun.run(task_vars={})
    assert (result["failed"], result["healthy"], result["msg"]) == (False, False, "Missing sudo password")


def test_a_bundle_for_another_release(tmp_path, prefix):
    """Where its Python is missing, the reason may be that the bundle is not this server's."""
    found = {"code": "PY020", "severity": "error", "subject": "", "message": "no Python 3.6", "fix": "ways:"}
    document = {"schema": "offkit/error-1", "error": "no", "findings": [found]}
    target = {"el": 42, "arch": "x86_64"}
    path = bundle(tmp_path, says(document) + "\nexit 4", {"schema": "offkit/bundle-1", "target": target})
    message = install(path, prefix, args={"src": str(path)})["msg"]
    assert message.startswith("PY020 no Python 3.6; offkit_isos, offkit_rpm_repos or offkit_media_host")
    assert "(the bundle is for el42, this is " in message


def test_bytes_that_are_no_text(tmp_path, prefix):
    """What a Python in the C locale could not read is read here; nothing is left that Ansible refuses."""
    found = {
        "code": "ENV028",
        "severity": "error",
        "subject": "",
        "message": "/opt/\udcc3\udcbc \udcff",
        "fix": "",
    }
    document = {"schema": "offkit/error-1", "error": "no", "findings": [found]}
    result = install(bundle(tmp_path, says(document) + "\nexit 4"), prefix)
    assert result["msg"] == "ENV028 /opt/ü \ufffd"


def test_every_script_is_shell_of_the_old_kind():
    """They begin with what they are for, and no shell of their own."""
    place = os.path.join(collection.SOURCE, "plugins", "plugin_utils")
    scripts = [name for name in os.listdir(place) if name.endswith(".sh")]
    assert len(scripts) == 10
    for name in scripts:
        path = os.path.join(place, name)
        assert not os.stat(path).st_mode & stat.S_IXUSR
        with open(path, encoding="utf-8") as source:
            assert source.readline().startswith("# "), name
