"""Three things are compared first: what the server is, what a bundle is for, what a medium holds."""

import os
from contextlib import ExitStack

import pytest

from offkit.edges.host import Host
from offkit.edges.tree import Tree
from offkit.media import disc, keys, offer
from offkit.media.keys import Server
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.server.install import preflight, supplies
from offkit.server.install.supplies import Named
from repo_maker import image, library_packages, repository, write
from target_maker import preset

EL7 = preset("3.6")
ROCKY9 = {"ID": "rocky", "VERSION_ID": "9.3", "PRETTY_NAME": "Rocky Linux 9.3"}
CENTOS7 = b"[general]\nfamily = CentOS\nversion = 7\n"
OPENEULER = b"[general]\nfamily = openEuler\nversion = 22.03-LTS\n"


def told(findings):
    return [(one.code, one.severity, one.message, one.fix) for one in findings]


def test_a_server_of_another_release():
    """For a bundle whose Python is not there; what nobody knows, or the same release, is nothing to say."""
    here = Host("x86_64", (2, 34), ROCKY9, "5.14", False)
    assert told(preflight.other_release(here, EL7)) == [
        (
            "ENV048",
            "error",
            "this server is el9 (Rocky Linux 9.3), the bundle is for el7 and its Python 3.6",
            "bundle again on the other side: offkit bundle --target el9",
        )
    ]
    for fields in ({"ID": "debian", "VERSION_ID": "12"}, {}, {"ID": "ol", "VERSION_ID": "7.9"}):
        assert preflight.other_release(here._replace(os_release=fields), EL7) == []


def medium(tmp_path, treeinfo, name="disc"):
    place = repository(str(tmp_path / name), library_packages("libnowhere.so.1"))
    if treeinfo:
        write(place, ".treeinfo", treeinfo)
    return place


@pytest.mark.parametrize(
    ("treeinfo", "el", "name", "expected"),
    [
        (CENTOS7, 7, "el7", []),
        (CENTOS7, 0, "", []),
        (b"", 9, "el9", []),
        (b"[general]\nfamily = Fedora\nversion = 40\n", 9, "el9", []),
        (b"[general]\nfamily = CentOS Stream\nversion = 9\n", 9, "el9", []),
        (
            CENTOS7,
            9,
            "el9",
            [("ENV049", "error", "is CentOS 7 (el7), and this server is el9", "use a disc of el9")],
        ),
        (
            OPENEULER,
            8,
            "el8",
            [
                (
                    "ENV049",
                    "warning",
                    "is openEuler 22.03-LTS (openeuler22.03), and this server is el8: its packages are made "
                    "for another system",
                    "use a disc of el8",
                )
            ],
        ),
    ],
)
def test_a_medium_of_another_release(tmp_path, treeinfo, el, name, expected):
    """Between two Enterprise Linuxes it is an error."""
    (found,) = offer.look((), [medium(tmp_path, treeinfo)])
    assert told(offer.strangers([found], Server(el, "rocky", Tree("/"), name))) == expected


def test_an_image_of_another_release(tmp_path):
    place = medium(tmp_path, CENTOS7)
    files = {}
    for top, _, names in os.walk(place):
        for one in names:
            path = os.path.join(top, one)
            with open(path, "rb") as source:
                files[os.path.relpath(path, place)] = source.read()
    (tmp_path / "disc.iso").write_bytes(image(files))
    (found,) = offer.look([str(tmp_path / "disc.iso")], ())
    assert found.disc == disc.Disc("CentOS 7", "el7")


def test_an_installation_does_not_begin(tmp_path, monkeypatch):
    """Neither anything missing nor anything on the medium is looked for."""
    monkeypatch.setattr(keys, "server", lambda tree=None: Server(9, "rocky", Tree("/"), "el9"))
    with pytest.raises(EnvironmentProblem) as caught, ExitStack() as stack:
        supplies.survey(Checklist(()), EL7, Named([], [medium(tmp_path, CENTOS7)]), stack)
    assert [one.code for one in caught.value.findings] == ["ENV049"]


def test_a_folder_that_does_not_say(tmp_path, monkeypatch):
    """Its packages do: that comes before what it does not have."""
    monkeypatch.setattr(keys, "server", lambda tree=None: Server(9, "rocky", Tree("/"), "el9"))
    wanted = Checklist((Library("libelsewhere.so.1", (), ("a.whl: x.so",), "", False),))
    with pytest.raises(RequestError) as caught, ExitStack() as stack:
        supplies.survey(wanted, EL7, Named([], [medium(tmp_path, b"")]), stack)
    first, second = caught.value.findings
    assert (first.code, second.code) == ("ENV049", "RPM004")
    assert first.message == "is full of packages for Enterprise Linux 7 (el7), and this server is el9"
    had = Checklist((wanted.libraries[0]._replace(soname="libnowhere.so.1"),))
    with ExitStack() as stack:
        found = supplies.survey(had, EL7, Named([], [medium(tmp_path, b"", "again")]), stack)
    assert [(one.code, one.severity) for one in found.lasting] == [("ENV049", "warning")]


def test_what_is_lacking_comes_second(tmp_path, monkeypatch):
    """A disc of no Enterprise Linux is only a warning, until something is refused."""
    monkeypatch.setattr(keys, "server", lambda tree=None: Server(8, "rocky", Tree("/"), "el8"))
    wanted = Checklist((Library("libelsewhere.so.1", (), ("a.whl: x.so",), "", False),))
    with pytest.raises(RequestError) as caught, ExitStack() as stack:
        supplies.survey(wanted, EL7, Named([], [medium(tmp_path, OPENEULER)]), stack)
    assert caught.value.message == "a medium is not for this server"
    assert [(one.code, one.severity) for one in caught.value.findings] == [
        ("ENV049", "error"),
        ("RPM004", "error"),
    ]
