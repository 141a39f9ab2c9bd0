"""From missing libraries to packages, and to what those require."""

from offkit.media import closure, rpm
from offkit.media.rpm import Package

X86_64 = ("x86_64",)


def cap(name, version=""):
    return rpm.capability(name, version)


def package(name, provides, requires=(), version="1.0", arch="x86_64"):
    location = "Packages/{}.rpm".format(name)
    return Package(name, arch, "0", version, "1", location, tuple(provides), tuple(requires))


class Media:
    """Packages that are asked as metadata is: each answer has of ``provides`` only what was asked for."""

    def __init__(self, *packages):
        self.packages, self.rounds = packages, []

    def ask(self, capabilities):
        self.rounds.append(sorted(capabilities))
        wanted = set(capabilities)
        found = [each._replace(provides=tuple(wanted.intersection(each.provides))) for each in self.packages]
        return [each for each in found if each.provides]


def names(found):
    return sorted({each.name for each in found.providers.values()})


SM = package(
    "libSM", [cap("libSM.so.6")], [cap("libICE.so.6"), cap("libc.so.6", "GLIBC_2.4"), "/sbin/ldconfig"]
)
ICE = package("libICE", [cap("libICE.so.6")], [cap("libc.so.6"), "rtld(GNU_HASH)"])
GLIBC = package("glibc", [cap("libc.so.6"), cap("libc.so.6", "GLIBC_2.4")])


def lacks(capability):
    return rpm.is_library(capability) and not capability.startswith("libc.so")


def test_what_a_package_requires_comes_too_and_what_is_here_does_not():
    media = Media(SM, ICE, GLIBC)
    found = closure.close([cap("libSM.so.6")], lacks, media.ask, X86_64)
    assert names(found) == ["libICE", "libSM"]
    assert found.nowhere == {}
    assert len(media.rounds) == 2


def test_what_nobody_has_is_told():
    """Also what a package further down requires."""
    found = closure.close([cap("libSM.so.6"), cap("libno.so.1")], lacks, Media(SM).ask, X86_64)
    assert names(found) == ["libSM"]
    assert list(found.nowhere.items()) == [(cap("libno.so.1"), ""), (cap("libICE.so.6"), SM.title)]


def test_circles_end():
    one = package("one", [cap("liba.so.1")], [cap("libb.so.1")])
    two = package("two", [cap("libb.so.1")], [cap("liba.so.1")])
    media = Media(one, two)
    found = closure.close([cap("liba.so.1")], lacks, media.ask, X86_64)
    assert names(found) == ["one", "two"]
    assert media.rounds == [[cap("liba.so.1")], [cap("libb.so.1")]]


def test_newest_and_right_architecture():
    old = package("libICE", [cap("libICE.so.6")], version="0.9")
    other = package("libICE", [cap("libICE.so.6")], version="9", arch="i686")
    found = closure.close([cap("libICE.so.6")], lacks, Media(old, other, ICE).ask, X86_64)
    assert [each.title for each in found.providers.values()] == ["libICE-1.0-1.x86_64"]


def test_nothing_wanted_asks_nothing():
    media = Media(SM)
    assert closure.close([], lacks, media.ask, X86_64) == closure.Closure({}, {})
    assert media.rounds == []


def test_a_capability_is_read_back():
    for soname, version in (("libz.so.1", ""), ("libz.so.1", "ZLIB_1.2.0"), ("libc.so.6", "GLIBC_2.17")):
        assert closure.parse(cap(soname, version)) == (soname, version)
