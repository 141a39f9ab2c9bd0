"""The control node beyond the gap: how a bundle says so, what is missing for it, what comes next."""

import json

import pytest

from offkit.cli import install_words, render
from offkit.edges.tree import Tree
from offkit.media import providers
from offkit.model import control_node
from offkit.server.doctor import control_node as check
from offkit.server.doctor import cures
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from offkit.server.install import preflight
from offkit.server.install.plan import Plan
from offkit.server.prefix.generations import Package
from offkit.server.python.interpreter import Interpreter
from server_maker import Server

OPTIONS = control_node.to_options("2.16.14")


@pytest.mark.parametrize(
    ("options", "expected"),
    [(OPTIONS, True), ({}, False), ({"control_node": None}, False), ({"control_node": "yes"}, False)],
)
def test_what_makes_a_bundle_one_for_a_control_node(options, expected):
    """The manifest's option, in the form that offkit writes."""
    assert control_node.meant(options) is expected


@pytest.mark.parametrize(
    ("here", "message"),
    [
        (("ssh", "sftp"), None),
        (("ssh",), "sftp is not on PATH"),
        ((), "ssh and sftp are not on PATH"),
    ],
)
def test_before_the_installation(here, message):
    """A warning: openssh-clients may come later. Other bundles ask for nothing."""

    def which(name):
        return "/usr/bin/" + name if name in here else None

    found = preflight.program_misfits(OPTIONS, which)
    assert [(one.code, one.severity) for one in found] == ([("ENV013", "warning")] if message else [])
    assert all(one.message.startswith(message) and "openssh-clients" in one.message for one in found)
    assert preflight.program_misfits({}, which) == []


def judged(tmp_path, options, programs=(), manifest=None):
    """What the doctor says of a generation whose manifest has these options."""
    server = Server(tmp_path / "root")
    server.put("/opt/env/offkit/receipt.json", "{}")
    server.put(
        "/opt/env/offkit/MANIFEST.json", json.dumps({"options": options}) if manifest is None else manifest
    )
    for name in programs:
        server.put("/usr/bin/" + name, "")
    done = examine("/opt/env", server.root, {})
    return [one for one in done.findings if one.code == "ENV013"], done


def test_the_doctor_names_what_ansible_would_start(tmp_path):
    """Each program, and openssh-clients once in the yum line."""
    found, done = judged(tmp_path, OPTIONS, ["ssh"])
    assert [(one.severity, one.subject) for one in found] == [("error", "sftp")]
    assert "/usr/bin" in found[0].looked_in
    assert done.rpms == ("openssh-clients",)
    assert done.summary.install_line.endswith(" install openssh-clients")
    assert found[0].fix == done.summary.install_line


@pytest.mark.parametrize(
    ("options", "programs", "manifest"),
    [(OPTIONS, ("ssh", "sftp"), None), ({}, (), None), (OPTIONS, (), "[]"), (OPTIONS, (), "{ not json")],
    ids=["whole", "another bundle", "a list", "damaged"],
)
def test_where_nothing_is_to_be_said(tmp_path, options, programs, manifest):
    """Nothing is missing, it is no control node, or nobody can tell."""
    found, done = judged(tmp_path, options, programs, manifest)
    assert (found, done.rpms) == ([], ())


def test_path_is_that_of_the_running_system_only(tmp_path):
    """Below another root the usual directories count, whatever PATH is here."""
    server = Server(tmp_path / "root")
    server.put("/opt/env/offkit/MANIFEST.json", json.dumps({"options": OPTIONS}))
    server.put("/opt/tools/ssh", "")
    done = examine("/opt/env", server.root, {"PATH": "/opt/tools"})
    assert {one.subject for one in done.findings if one.code == "ENV013"} == {"ssh", "sftp"}
    assert Tree(server.root).is_file("/opt/tools/ssh")


@pytest.mark.parametrize("controls", [True, False])
def test_what_to_type_next(capsys, controls):
    """The playbooks, with the path of the command, on a control node and nowhere else."""
    python = Interpreter("/usr/bin/python3.11", "3.11.2", "cpython", "cp311", 64, ())
    plan = Plan("install", "/opt/off kit", "0001-ab", "", python, ())
    render.console(False, False, False)
    install_words.done(plan, [Package("ansible-core", "2.16.14")], plan.prefix, 5, (), controls)
    lines = capsys.readouterr().out.splitlines()
    deploy = (
        "    '/opt/off kit/current/bin/ansible-playbook' "
        "-i inventory offkit.fleet.deploy -e offkit_bundle=bundle.tar"
    )
    assert "    '/opt/off kit/current/bin/offkit' doctor" in lines
    assert (deploy in lines) is controls


def test_the_doctor_word_for_word(tmp_path):
    """One finding for each program, with the places that were looked into."""
    found, _ = judged(tmp_path, OPTIONS)
    message = "is not on PATH: Ansible needs it to reach hosts"
    fix = "yum --disablerepo='*' --enablerepo='offkit-*' install openssh-clients"
    places = ("/usr/bin", "/bin", "/usr/local/bin")
    assert [tuple(one) for one in found] == [
        ("ENV013", "error", name, message, places, fix) for name in ("ssh", "sftp")
    ]


@pytest.mark.parametrize(
    ("path", "places"),
    [
        (["/a", "", "b", "/c", "/a"], ("/a", "/c")),
        ([""], ("/usr/bin", "/bin", "/usr/local/bin")),
        ([], ("/usr/bin", "/bin", "/usr/local/bin")),
    ],
)
def test_where_programs_are_looked_for(tmp_path, path, places):
    """The absolute directories of PATH, each once; the usual ones where there is none."""
    server = Server(tmp_path / "root")
    server.put("/opt/env/offkit/MANIFEST.json", json.dumps({"options": OPTIONS}))
    tree = Tree(server.root)
    env = environment.locate(tree, "/opt/env")[0]
    known = cures.read(tree, providers.Catalog())
    found, rpms = check.inspect(tree, env, known, path)
    assert ({one.looked_in for one in found}, rpms) == ({places}, ("openssh-clients",))
    for name in ("ssh", "sftp"):
        server.put("{}/{}".format(places[-1], name), "")
    assert check.inspect(tree, env, known, path) == ([], ())
