"""install.sh on a server of another release than its bundle, and with a disc of another one."""

import os
import re
import shlex
from urllib.parse import quote

import pytest

import install_sh
import web_maker
from install_sh import TOOLS, every_shell, sh
from offkit.online.carry import bootstrap
from repo_maker import package, repository, write

pytestmark = install_sh.without_python36
ROCKY9 = 'ID="rocky"\nVERSION_ID="9.3"\nPRETTY_NAME="Rocky Linux 9.3 (Blue Onyx)"\n'
KYLIN10 = 'ID="kylin"\nVERSION_ID="V10"\nPRETTY_NAME="Kylin Linux Advanced Server V10 (Lance)"\n'
ROCKY8 = ROCKY9.replace("9.3", "8.10").replace("Blue Onyx", "Green Obsidian")
CENTOS7 = "[general]\nfamily = CentOS\nversion = 7\n"


@pytest.fixture
def server(tmp_path):
    """With a bundle for el7 and its Python 3.6, on whatever release it is said to be."""

    def be(os_release, tools=TOOLS, **more):
        made = install_sh.make_server(tmp_path, tools, **dict({"series": "3.6"}, **more))
        (made / "os-release").write_text(os_release)
        script = made / "medium" / "install.sh"
        text = script.read_bytes()
        text = text[: text.rindex(b"# sha256 ")]
        own = os.fsencode(shlex.quote(str(made / "os-release")))
        text = re.sub(rb'(?<!")/etc/os-release', lambda found: own, text)  # in quotes it is awk's, of rpm
        repos = os.fsencode(shlex.quote(str(made / "yum.repos.d")))
        text = re.sub(rb'(?<!")/etc/yum.repos.d(?=/\*)', lambda found: repos, text)
        script.write_bytes(bootstrap._vouched(text))
        return made

    return be


def disc(top, treeinfo, *packages):
    place = repository(str(top), list(packages) or [package("filesystem", [])])
    write(place, ".treeinfo", treeinfo.encode("ascii"))
    return place


def install(server, *args, **more):
    return sh(server, server / "medium" / "bundle.tar", "--prefix", server / "p", *args, **more)


@every_shell
@pytest.mark.parametrize("medium", [False, True])
def test_a_bundle_for_another_release(server, shell, medium, tmp_path):
    """That comes first; no way is told that would take packages of another system."""
    place = server(ROCKY9)
    install_sh.tools_of(place, shell)
    more = ["--rpm-repo", disc(tmp_path / "own", "[general]\nfamily = Rocky Linux\nversion = 9.3\n")]
    code, out, err = install(place, *(more if medium else ()), shell=shell)
    assert (code, out) == (4, "")
    assert err.splitlines()[:3] == [
        "error: ENV048 this server is el9 (Rocky Linux 9.3 (Blue Onyx)), the bundle is for el7 and its Python 3.6",
        "fix: bundle again on the other side: offkit bundle --target el9",
        "error: PY020 no Python 3.6 that can install this bundle",
    ]
    assert "no ISO of el9 has Python 3.6" in err
    assert "CentOS" not in err
    assert "yum" not in err


def test_with_the_bundles_own_disc(server, tmp_path):
    """What the bundle is for is on it, and of no use here."""
    code, _, err = install(
        server(ROCKY9), "--rpm-repo", disc(tmp_path / "c7", CENTOS7, package("python3", []))
    )
    assert code == 4
    assert err.startswith("error: ENV048 this server is el9 ")
    assert "comes from" not in err


@every_shell
def test_a_release_that_has_that_python_too(server, shell, tmp_path):
    """Its own packages, from its own disc."""
    place = server(ROCKY8)
    install_sh.tools_of(place, shell)
    code, _, err = install(place, shell=shell)
    assert code == 4
    assert "ENV048" not in err
    assert "the packages python36 platform-python python3-libs of the distribution's ISO" in err
    assert "the DVD of an Enterprise Linux 8" in err
    release = "39.module+el8.4.0+574"
    own = [package(name, [], release=release) for name in ("python36", "platform-python", "python3-libs")]
    rocky = disc(tmp_path / "r8", "[general]\nfamily = Rocky Linux\nversion = 8.10\n", *own)
    code, _, err = install(place, "--rpm-repo", rocky, "--no-root", "--dry-run", shell=shell)
    assert "python36 is missing" not in err
    assert "ENV04" not in err


@every_shell
def test_a_release_whose_disc_nobody_knows(server, shell):
    """Or that has none: its packages come from a repository."""
    place = server(KYLIN10, series="3.7", el="kylin10")
    install_sh.tools_of(place, shell)
    code, _, err = install(place, shell=shell)
    assert code == 4
    assert "the packages python3, with yum: sh install.sh" in err
    assert err.count(" --rpm-repo DIR") == 2
    assert "offkit bundle ... --rpm-repo URL" in err
    assert " --iso" not in err


@every_shell
def test_a_disc_of_another_release(server, shell, tmp_path):
    """Before anybody looks for a package on it."""
    place = server(ROCKY8)
    install_sh.tools_of(place, shell)
    medium = disc(tmp_path / "c7", CENTOS7, package("python3", []))
    code, _, err = install(place, "--rpm-repo", medium, shell=shell)
    assert (code, err.splitlines()) == (
        4,
        [
            "error: ENV049 {} is CentOS 7 (el7), and this server is el8".format(medium),
            "fix: use the DVD of an Enterprise Linux 8; boot and minimal ISOs have none",
        ],
    )


@every_shell
def test_a_disc_of_another_release_where_one_is_no_enterprise_linux(server, shell, tmp_path):
    """It may be kin: that it is another one is said first, and what is of no use on it then."""
    place = server(KYLIN10, series="3.7", el="kylin10")
    install_sh.tools_of(place, shell)
    euler = "[general]\nfamily = openEuler\nversion = 22.03-LTS-SP3\n"
    medium = disc(tmp_path / "euler", euler, package("python3", [], version="3.9.9"))
    code, _, err = install(place, "--rpm-repo", medium, shell=shell)
    own = "fix: use an ISO of Kylin Linux Advanced Server V10 that has python3"
    title = "openEuler 22.03-LTS-SP3 (openeuler22.03)"
    assert (code, err.splitlines()) == (
        4,
        [
            "warning: ENV049 {} is {}, and this server is kylin10: its packages are made for another system".format(
                medium, title
            ),
            own,
            "error: PY021 python3, the package of Python 3.7, is 3.9.9 on {}".format(medium),
            own,
        ],
    )


@pytest.mark.parametrize(
    ("told", "more", "there"),
    [(ROCKY8.replace("8.10", "8"), {"el": 8}, True), (KYLIN10, {"el": "kylin10", "series": "3.7"}, False)],
)
def test_a_repository_file_that_the_bundle_has(server, told, more, there):
    """By hand only where the layout of the discs is known: else the bundle has none."""
    err = install(server(told, **more))[2]
    assert ("the packages python3" in err, "tar -xOf" in err, "yum --disablerepo" in err) == (
        True,
        there,
        there,
    )


@every_shell
@web_maker.needs_curl
@pytest.mark.parametrize(
    ("tree", "codes"),
    [
        (None, ["PY021"]),
        (web_maker.status(403), ["PY021"]),
        (CENTOS7.encode(), ["ENV049"]),
        (web_maker.status(302, Location="http://127.0.0.2/"), ["REPO017"]),
    ],
    ids=["none", "forbidden", "another", "redirected"],
)
def test_a_url_of_another_release(server, shell, tmp_path, tree, codes):
    """By the one file that Python asks for too; who forbids it has none, and who answers otherwise is told."""
    place = server(ROCKY8, [*TOOLS, "curl"])
    install_sh.tools_of(place, shell)
    with web_maker.site() as site:
        site.add(disc(tmp_path / "c7", "", package("python3", [])))
        site.files.pop(".treeinfo", None)
        if isinstance(tree, bytes):
            site.files[".treeinfo"] = tree
        elif tree:
            site.does[".treeinfo"] = tree
        code, _, err = install(place, "--rpm-repo", site.url, shell=shell)
        assert (code, re.findall(r"^error: ([A-Z]+\d+) ", err, re.M)) == (4, codes)
        asked = [path for path, _ in site.log if "info" in path]
    assert asked == [".treeinfo"]
    if codes == ["ENV049"]:
        assert err.startswith("error: ENV049 {} is CentOS 7 (el7), and this server is el8".format(site.url))


@pytest.mark.parametrize(
    "family", ["CentOS", "CentOS Linux", "CentOS Stream", "Red Hat Enterprise Linux", "AlmaLinux"]
)
def test_kin_is_no_stranger(server, tmp_path, family):
    """Of the same major release, whoever made it."""
    medium = disc(tmp_path / "disc", "[general]\nfamily = {}\nversion = 8\n".format(family))
    assert "ENV049" not in install(server(ROCKY8), "--rpm-repo", medium)[2]


@pytest.mark.parametrize("os_release", ['ID=debian\nVERSION_ID="12"\n', 'ID="centos"\nVERSION_ID="7"\n', ""])
def test_nothing_is_said_of_what_fits_or_nobody_knows(server, tmp_path, os_release):
    code, _, err = install(server(os_release), "--rpm-repo", disc(tmp_path / "c7", CENTOS7))
    assert code == 4
    assert "ENV04" not in err


def local(server, name, folder, *packages, **more):
    """A repository of this server's own with these packages, enabled, its second directory the one that is there."""
    place = repository(str(server / folder), list(packages))
    urls = "file:///nowhere/{} file://{}".format(folder, quote(place))
    text = "[{}]\nname=x\nbaseurl={}\nenabled={}\n".format(name, urls, more.get("enabled", 1))
    (server / "yum.repos.d").mkdir(exist_ok=True)
    (server / "yum.repos.d" / (name + ".repo")).write_text(text)
    return place


ROCKY8_OWN = "39.module+el8.4.0+574"


@every_shell
def test_the_administrators_own_repository_has_it(server, shell):
    """The yum line with all of them that work, as one may have what the other's packages want."""
    place = server(ROCKY8)
    install_sh.tools_of(place, shell)
    local(place, "c8-base", "base", package("platform-python", [], release=ROCKY8_OWN, version="3.6.8"))
    local(place, "c8-apps", "apps", package("python36", [], release=ROCKY8_OWN, version="3.6.8"))
    local(place, "off", "off", package("python36", [], release=ROCKY8_OWN, version="3.6.8"), enabled=0)
    local(place, "broken", "broken", package("python36", [], version="3.6.8"))
    os.unlink(next(str(each) for each in (place / "broken/repodata").iterdir() if "primary" in each.name))
    line = "  1. the local repository that this server has already: yum --disablerepo='*'"
    line += " --enablerepo=c8-apps --enablerepo=c8-base install python36, then sh install.sh "
    code, out, err = install(place, shell=shell)
    assert (code, out) == (4, "")
    assert err.startswith("error: PY020 no Python 3.6")
    assert line in err
    assert "  2. the packages python36 " in err
    assert os.listdir(str(place / "tmp")) == []
    install_sh.program(place / "bin" / "dnf", "echo 4.14.0\n")
    code, _, err = install(place, shell=shell)
    first = "dnf --disablerepo='*' --enablerepo=c8-apps --setopt=c8-apps.baseurl='file://{}' "
    assert first.format(quote(str(place / "apps"))) in err


@every_shell
def test_no_local_repository_has_it(server, shell):
    """One with another Python under that name, and one for the network: nothing is said of them."""
    place = server(ROCKY8)
    install_sh.tools_of(place, shell)
    local(place, "other", "other", package("python36", [], version="3.9.1"))
    local(place, "more", "more", package("platform-python", []))
    (place / "yum.repos.d" / "net.repo").write_text("[net]\nbaseurl=http://localhost:1/\n")
    code, _, err = install(place, shell=shell)
    assert code == 4
    assert "local repository" not in err
    assert "  1. the packages python36 " in err


@every_shell
@pytest.mark.parametrize("medium", [False, True])
@pytest.mark.parametrize("name", ["Fedora Linux 41", ""])
def test_a_server_that_nobody_knows(server, shell, name, medium, tmp_path):
    """Whose packages and discs are named is said first: the bundle's own may be of no use there."""
    place = server('ID=fedora\nVERSION_ID=41\nPRETTY_NAME="{}"\n'.format(name))
    install_sh.tools_of(place, shell)
    more = ["--rpm-repo", disc(tmp_path / "c7", CENTOS7)] if medium else []
    code, out, err = install(place, *more, shell=shell)
    assert (code, out) == (4, "")
    assert err.splitlines()[0] == (
        "warning: ENV023 this is {}, of which offkit has no file, the bundle is for el7: packages and discs below"
        " are those of el7"
    ).format(name or "a system that does not say what it is")
    assert err.splitlines()[1].startswith("error: PY02{} ".format(1 if medium else 0))
