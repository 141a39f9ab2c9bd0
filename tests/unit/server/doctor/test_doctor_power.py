"""The doctor on POWER, whose little-endian kind is the one that EL is built for."""

from elf_maker import build
from offkit.server.doctor.examine import examine
from repo_maker import package, repository
from server_maker import SITE, Server

LOADER, POWER = "/lib64/ld64.so.2", 21


def test_the_repository_s_own_architecture(tmp_path):
    """A package for ppc64le cures what is missing there."""
    server = Server(tmp_path / "root")
    server.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    server.put(LOADER, build(soname="ld64.so.2", machine=POWER) + b"\0/lib64/\0/usr/lib64/\0")
    server.library("libc.so.6", machine=POWER)
    python = build(needed=["libc.so.6"], interpreter=LOADER, kind=2, machine=POWER)
    server.put("/usr/local/bin/python3.6", python)
    module = build(needed=["libSM.so.6"], machine=POWER, exports=["PyInit_x"])
    server.put(SITE + "/x.cpython-36m-powerpc64le-linux-gnu.so", module)
    top = repository(str(tmp_path / "repo"), [package("libSM", ["libSM.so.6()(64bit)"], arch="ppc64le")])
    found = examine("/opt/env", server.root, rpm_repos=[top], checks=["libraries"])
    (missing,) = [each for each in found.findings if each.subject == "libSM.so.6"]
    assert "install libSM\n" in missing.fix
