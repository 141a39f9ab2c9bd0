"""A fleet whose control node came over the gap too, and whose disc is on one host only."""

import re

import pytest

import bundles
import control_nodes
import disc
import fleet
import fleet_control
import fleet_hosts
import fleet_story
import journey
import needs

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]
MEDIUM = "/srv/CentOS-7.iso"
HOSTS = ("media7", "nothing7", "nine9")


@pytest.fixture(scope="module")
def standing(carried, tmp_path_factory):
    """(fleet, control node): an el9 server that one bundle made a control node, and its inventory."""
    control_bundle = control_nodes.bundle(tmp_path_factory.mktemp("control"))
    specs = [
        fleet.Spec("control", 9),
        fleet.Spec("media7", 7, groups=["el7"], variables={"offkit_isos": [MEDIUM]}),
        fleet.Spec("nothing7", 7, user="worker", groups=["el7"]),
    ]
    with fleet_hosts.pythonic(9) as nine:
        specs.append(fleet.Spec("nine9", 9, above=nine, groups=["el9"]))
        with fleet.fleet(specs) as made:
            node = made.hosts["control"]
            made.hosts["media7"].put(disc.iso(7), MEDIUM)
            node.put(control_bundle, "/root/bundle.tar")
            done = journey.install(node)
            assert done.returncode == 0, journey.failed(done)
            for el in (7, 9):
                for name, wanted in (("first", bundles.SMALL), ("second", fleet_story.NEWER)):
                    node.put(carried.get(wanted, el), "/root/{}-el{}.tar".format(name, el))
            yield made, fleet_control.ControlHost(made, node)


def bundle(control, name):
    for el in (7, 9):
        control.groups["el{}".format(el)] = {"offkit_bundle": "/root/{}-el{}.tar".format(name, el)}


MEDIA = {"offkit_media_host": "media7", "offkit_media": MEDIUM}


@pytest.fixture(scope="module")
def deployed(standing):
    """The same, when every host has been deployed to with the disc of one of them."""
    _, control = standing
    bundle(control, "first")
    played = control.play("deploy", extra=MEDIA)
    assert (played.code, played.those("failed", "unreachable")) == (0, []), played.text
    return standing


def test_the_whole_story_from_there(deployed):
    """Deployed, examined, upgraded and taken back: nobody else is asked for anything."""
    made, control = deployed
    first = {name: fleet_story.current(made.hosts[name]) for name in HOSTS}
    assert {name: which[:5] for name, which in first.items()} == dict.fromkeys(HOSTS, "0001-")
    played = control.play("deploy", extra=MEDIA)
    assert (played.code, played.those("changed")) == (0, []), played.text
    played = control.play("doctor")
    assert played.code == 0, played.text
    assert {name: control.document(name)["results"]["doctor"]["rc"] for name in HOSTS} == dict.fromkeys(
        HOSTS, 0
    )
    assert "<html" in control.read("offkit-report/index.html")
    bundle(control, "second")
    played = control.play("deploy", extra=MEDIA)
    assert (played.code, played.those("failed", "unreachable")) == (0, []), played.text
    assert {fleet_story.current(made.hosts[name])[:5] for name in HOSTS} == {"0002-"}
    played = control.play("rollback")
    assert (played.code, played.those("changed")) == (0, sorted(HOSTS)), played.text
    assert {name: fleet_story.current(made.hosts[name]) for name in HOSTS} == first
    assert made.strays() == 0


def test_a_report_of_what_is_not_installed_says_so(deployed):
    """verify without OpenCV there: each host is named with what its generation lacks, in one line."""
    _, control = deployed
    played = control.play("verify")
    assert played.those("failed") == sorted(HOSTS), played.text
    said = dict(re.findall(r"^fatal: \[(\w+)\]: FAILED! => (.*)$", played.text, re.MULTILINE))
    assert sorted(said) == sorted(HOSTS), played.text
    assert [name for name in HOSTS if not re.search("VID001 .*opencv-python-headless", said[name])] == [], (
        said
    )
    assert {control.document(name)["message"][:6] for name in HOSTS} == {"VID001"}


def test_the_disc_of_the_media_host_was_not_copied(deployed):
    """The other el7 has its Python from there, and no image."""
    made, _ = deployed
    host = made.hosts["nothing7"]
    assert host.run(["python3.6", "-V"]).returncode == 0
    found = host.run(["find", "/", "-xdev", "-name", "*.iso", "-size", "+1M"]).stdout
    assert found == ""
