"""What 'doctor bundle.tar' says before an installation of symbols and scripts, beside the doctor after it: made
wheels and servers, whatever the numbers draw."""

import os
import random
import re

import pytest

import elf_maker
from offkit.server.doctor import forecast as beforehand
from offkit.server.doctor.examine import examine
from server_maker import LDSO, SITE, Server
from target_maker import preset
from test_wanted import survey

SYSTEM = ["liba.so.1", "libb.so.1", "libc.so.6"]
NAMES = ["one", "two", "three", "four", "five"]
COMPARED = ("LIB014", "LIB027")
SUFFIX = ".cpython-36m-x86_64-linux-gnu.so"
LINES = ["/bin/sh", "/usr/bin/perl", "/usr/bin/env perl", "/usr/bin/env python3.6", "/usr/bin/env own"]


def some(draw, items, most):
    return draw.sample(items, draw.randint(0, min(most, len(items))))


def fields(draw, package, own):
    return {
        "needed": some(draw, own, 2) + some(draw, SYSTEM, 3),
        "wants": some(draw, NAMES, 1),
        "calls": some(draw, NAMES, 1),
        "rpath": "$ORIGIN/../{}.libs".format(package),
    }


def drawn(draw):
    """(wheels as survey takes them, paths that may be started)."""
    wheels, programs = [], []
    for package in ("x", "y")[: draw.randint(1, 2)]:
        own = ["lib{}{}.so".format(package, number) for number in range(draw.randint(0, 2))]
        files = {}
        for name in own:
            files["{}.libs/{}".format(package, name)] = elf_maker.build(
                soname=name, exports=some(draw, NAMES, 2), **fields(draw, package, [])
            )
        for name in ["_c", "_d"][: draw.randint(0, 2)]:
            files["{}/{}{}".format(package, name, SUFFIX)] = elf_maker.build(
                exports=["PyInit_" + name, *some(draw, NAMES, 1)], **fields(draw, package, own)
            )
        for name in ["lazy", "now"][: draw.randint(0, 2)]:
            flags = 8 * (name == "now")
            programs.append("{}/{}".format(package, name))
            files[programs[-1]] = elf_maker.build(interpreter=LDSO, flags=flags, **fields(draw, package, own))
        programs.append("{}/script".format(package))
        files[programs[-1]] = "#!{}\n".format(draw.choice(LINES)).encode("ascii")
        files["{}/__init__.py".format(package)] = draw.choice([b"", b"from . import _c\n"])
        wheels.append((package, ["x"] * (package == "y"), files))
    return wheels, programs


def installed(top, wheels, programs, draw):
    """A server with them, and with some of the libraries that they want."""
    server = Server(top)
    for name in SYSTEM[:2]:
        if draw.random() < 0.8:
            server.library(name, exports=some(draw, NAMES, 3), needed=["libb.so.1"] * (name == "liba.so.1"))
    if draw.random() < 0.5:
        server.put("/usr/bin/perl", "")
    for package, requires, files in wheels:
        server.distribution(package, files=files, requires=requires)
    for path in programs:
        os.chmod(server.host("{}/{}".format(SITE, path)), 0o755)
    return server


def plain(finding, files):
    """The same words of both, but for the names of files: those of the one are in wheels, of the other below
    the environment; and either may name another of several that have a symbol."""
    message = re.sub(r"; \S+( \S+)? does, which", "; another does, which", finding.message)
    message = message.partition("; loaded for ")[0]
    for path in files:
        for there in (
            SITE + "/" + path,
            "x-1.0-py3-none-any.whl: " + path,
            "y-1.0-py3-none-any.whl: " + path,
        ):
            message = message.replace(there, path)
    return finding.code, finding.severity, finding.subject.rpartition(": ")[2], message


@pytest.mark.parametrize("seed", range(60))
def test_symbols_and_scripts_before_and_after(tmp_path, seed):
    """Code, severity, file and symbols."""
    draw = random.Random(seed)
    wheels, programs = drawn(draw)
    server = installed(tmp_path / "root", wheels, programs, draw)
    files = [path for _, _, found in wheels for path in found]
    target = preset("3.6", "el7")
    found = survey(tmp_path, *wheels, programs=programs, target=target)
    before = beforehand.examine(found.checklist, target, server.root).findings
    after = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert sorted(plain(each, files) for each in before if each.code in COMPARED) == sorted(
        plain(each, files) for each in after if each.code in COMPARED
    )
