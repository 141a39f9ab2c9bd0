"""Small distributions: empty RPMs by rpmbuild, repositories by createrepo_c, servers as a database of rpm;
and what dnf, asked as its command line asks it, would install there."""

import json
import os
import shutil
import subprocess
import tempfile
from typing import Mapping, NamedTuple, Sequence
from urllib.parse import quote

TOOLS = ("rpmbuild", "rpm", "createrepo_c", "modifyrepo_c", "dnf")
_DNF = "/usr/bin/python3"  # the one that dnf is a module of
_HEAD = """\
%global _build_id_links none
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
Name: distribution-{number}
Version: 1
Release: 1
Summary: Made for tests
License: none
AutoReqProv: no
%description
%install
"""
_TAGS = ("Requires", "Provides", "Obsoletes", "Conflicts", "Recommends", "Supplements")


class Made(NamedTuple):
    """A package without contents; capabilities as in a spec."""

    name: str
    version: str = "1"
    release: str = "1"
    arch: str = "x86_64"
    epoch: str = ""
    requires: Sequence[str] = ()
    provides: Sequence[str] = ()
    obsoletes: Sequence[str] = ()
    conflicts: Sequence[str] = ()
    recommends: Sequence[str] = ()
    supplements: Sequence[str] = ()
    files: Sequence[str] = ()
    label: str = ""  # NAME:STREAM:VERSION:CONTEXT of its module, as its header says it

    @property
    def title(self):
        epoch = self.epoch + ":" if self.epoch else ""
        return "{}-{}{}-{}.{}".format(self.name, epoch, self.version, self.release, self.arch)

    @property
    def artifact(self):
        """As modules.yaml calls it."""
        return "{}-{}:{}-{}.{}".format(self.name, self.epoch or 0, self.version, self.release, self.arch)


def lacking():
    """What of the tools is not here."""
    found = [tool for tool in TOOLS if shutil.which(tool) is None]
    if not found and subprocess.run([_DNF, "-c", "import dnf"], capture_output=True, check=False).returncode:
        found.append("python3-dnf")
    return found


def build(packages, out):
    """The RPMs in the directory ``out``: {title: path}."""
    out = str(out)
    os.makedirs(out)
    left, number = list(packages), 0
    while left:  # a spec has each name once, and one architecture beside noarch
        arch = next((one.arch for one in left if one.arch != "noarch"), "x86_64")
        batch = {}
        for one in left:
            if one.arch in (arch, "noarch"):
                batch.setdefault(one.name, one)
        left = [one for one in left if batch.get(one.name) is not one]
        _rpmbuild(list(batch.values()), arch, out, number)
        number += 1
    return {one.title: os.path.join(out, _file(one)) for one in packages}


def _file(one):
    return "{}-{}-{}.{}.rpm".format(one.name, one.version, one.release, one.arch)


def _rpmbuild(packages, arch, out, number):
    text = [_HEAD.format(number=number)]
    files = sorted({path for one in packages for path in one.files})
    for path in files:
        text.append(
            "mkdir -p '%{{buildroot}}{}'; : >'%{{buildroot}}{}'\n".format(os.path.dirname(path), path)
        )
    for one in packages:
        text.append("%package -n {0}\nVersion: {1}\nRelease: {2}\nSummary: {0}\n".format(*one[:3]))
        text.append("Epoch: {}\n".format(one.epoch) if one.epoch else "")
        text.append("ModularityLabel: {}\n".format(one.label) if one.label else "")
        text.append("BuildArch: noarch\n" if one.arch == "noarch" else "")
        for tag in _TAGS:
            text += ["{}: {}\n".format(tag, each) for each in getattr(one, tag.lower())]
        text.append("AutoReqProv: no\n%description -n {0}\n%files -n {0}\n".format(one.name))
        text += ["{}\n".format(path) for path in one.files]
    with tempfile.TemporaryDirectory(prefix="rpm-", dir="/tmp") as work:  # rpmbuild takes no blanks in a path
        spec, made = os.path.join(work, "some.spec"), os.path.join(work, "made")
        with open(spec, "w", encoding="utf-8") as sink:
            sink.write("".join(text))
        define = ["_topdir " + work, "_tmppath " + work, "_rpmdir " + made, "_rpmfilename %{NVRA}.rpm"]
        _run(["rpmbuild", "-bb", "--quiet", "--nodeps", "--target", arch + "-linux",
              *(word for each in define for word in ("--define", each)), spec], out)  # fmt: skip
        for name in os.listdir(made):
            shutil.move(os.path.join(made, name), os.path.join(out, name))


def repository(folder, rpms, modules=""):
    """A repository of these files."""
    folder = str(folder)
    os.makedirs(folder)
    for path in rpms:
        os.link(path, os.path.join(folder, os.path.basename(path)))
    _run(["createrepo_c", "--quiet", "--compatibility", "--general-compress-type=gz", folder], folder)
    if modules:
        path = os.path.join(folder, "modules.yaml")  # its name gets into that of the metadata
        with open(path, "w", encoding="utf-8") as sink:
            sink.write(modules)
        _run(["modifyrepo_c", "--mdtype=modules", "--compress-type=gz", path, folder + "/repodata"], folder)
    return folder


def server(root, rpms):
    """An installroot whose database says that these are installed."""
    root = str(root)
    # Debian's rpm has its database in the home of who asks; dnf looks for it below its installroot.
    for place in (os.path.expanduser("~").lstrip("/") + "/.rpmdb", "var/lib/rpm"):
        path = os.path.join(root, place)
        os.makedirs(path)
        if rpms:
            _run(["rpm", "--dbpath", path, "-i", "--justdb", "--nodeps", "--noscripts", "--force",
                  "--ignorearch", "--ignoreos", "--nosignature", *rpms], root)  # fmt: skip
    return root


def stream(name, number, packages, version=1, context="c0ffee00", requires=(), arch="x86_64"):
    """A document of modules.yaml; ``requires``: (module, streams) of all of which it needs one."""
    needs = "".join(
        "      {}: [{}]\n".format(module, ", ".join(map('"{}"'.format, streams)))
        for module, streams in [("platform", ["el8"]), *requires]
    )
    rpms = "".join("    - {}\n".format(one.artifact) for one in packages)
    return (
        '---\ndocument: modulemd\nversion: 2\ndata:\n  name: {}\n  stream: "{}"\n  version: {}\n'
        "  context: {}\n  arch: {}\n  summary: >-\n    Made for tests\n  description: >-\n    Made for tests\n"
        "  license:\n    module:\n    - MIT\n  dependencies:\n  - requires:\n{}"
        "  artifacts:\n    rpms:\n{}...\n"
    ).format(name, number, version, context, arch, needs, rpms)


def default(name, number):
    """The document that makes that stream the default one."""
    return (
        '---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: {0}\n  stream: "{1}"\n'
        '  profiles:\n    "{1}": [common]\n...\n'
    ).format(name, number)


_ASK = """
import json, sys
import dnf
order = json.load(sys.stdin)
answers = []
base = dnf.Base()
conf = base.conf
conf.installroot, conf.cachedir = order["root"], order["cache"]
conf.substitutions.update({"arch": order["arch"], "basearch": order["arch"], "releasever": "8"})
conf.install_weak_deps, conf.best = False, False
conf.module_platform_id = order["platform"]
conf.plugins, conf.reposdir = False, []
conf.multilib_policy = "best"
conf.persistdir, conf.modulesdir = order["cache"] + "/persist", order["modules"]
conf.exclude_pkgs(order["excludes"])
for number, place in enumerate(order["repositories"]):
    base.repos.add_new_repo("r%d" % number, conf, baseurl=["file://" + place], gpgcheck=False,
                            priority=(order["priorities"] or {}).get(str(number), 99))
base.fill_sack(load_system_repo=True)
for case in order["cases"]:
    base.reset(goal=True)
    try:
        base.install_specs(case, strict=True)
        base.resolve()
        answers.append([sorted(str(each) for each in base.transaction.install_set), ""])
    except (dnf.exceptions.MarkingErrors, dnf.exceptions.DepsolveError) as error:
        answers.append([None, str(error)])
json.dump(answers, sys.stdout)
"""


def by_dnf(root, repositories, cases, scratch, platform="platform:el8", arch="x86_64",
           enabled: Mapping[str, str] = {}, excludes=(), priorities: Sequence[int] = ()):  # fmt: skip
    """For each case, a list of what is wanted: the titles of what dnf would install, or None; its words."""
    scratch = str(scratch)
    modules = os.path.join(root, "etc/dnf/modules.d")
    os.makedirs(modules, exist_ok=True)
    for name, number in enabled.items():
        with open(os.path.join(modules, name + ".module"), "w", encoding="utf-8") as sink:
            state = "enabled" if number else "disabled"
            sink.write("[{0}]\nname={0}\nstream={1}\nprofiles=\nstate={2}\n".format(name, number, state))
    order = {"root": root, "cache": scratch + "/dnf", "repositories": [quote(str(place)) for place in repositories],
             "cases": cases, "platform": platform, "arch": arch, "modules": "/etc/dnf/modules.d",
             "excludes": list(excludes), "priorities": dict(enumerate(priorities))}  # fmt: skip
    done = subprocess.run([_DNF, "-c", _ASK], input=json.dumps(order), capture_output=True, text=True,
                          check=False, env=dict(os.environ, PYTHONPATH="", LC_ALL="C"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout[done.stdout.rindex("\n") + 1 :] if "\n" in done.stdout else done.stdout)


def _run(argv, folder):
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
