"""Who comes first, how many at once, and when a deployment ends early: what the collection's README says."""

import pytest

import bundles
import fleet
import fleet_control
import fleet_hosts
import fleet_story
import needs

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
    pytest.mark.skipif(bool(fleet_control.obstacle()), reason=fleet_control.obstacle() or "Ansible is there"),
]
NAMES = ("first", "second", "third", "fourth")


@pytest.fixture(scope="module")
def nine():
    with fleet_hosts.pythonic(9) as made:
        yield made


@pytest.fixture
def four(nine):
    """Four hosts with a Python."""
    with fleet.fleet([fleet.Spec(name, 9, above=nine) for name in NAMES]) as made:
        yield made


@pytest.fixture
def sick_first(nine):
    """The same, and nothing can be run from the first one's prefix."""
    noexec = [("tmpfs", "noexec,size=100m", "/opt")]
    specs = [fleet.Spec(name, 9, above=nine, mounts=noexec if name == "first" else ()) for name in NAMES]
    with fleet.fleet(specs) as made:
        yield made


def deploy(made, bundle, **extra):
    return fleet_control.Control(made).play("deploy", extra={"offkit_bundle": bundle, **extra})


def deployed(made):
    return [name for name, host in made.hosts.items() if fleet_story.current(host)]


def touched(made):
    """The hosts that anything was carried to."""
    return [
        name for name, host in made.hosts.items() if host.run(["ls", "/var/cache/offkit"]).returncode == 0
    ]


@pytest.fixture(scope="module")
def bundle(carried):
    return carried.get(bundles.SMALL, 9)


@pytest.fixture(scope="module")
def damaged(bundle, tmp_path_factory):
    """A byte of a wheel is another one, somewhere on the way to the control node."""
    path = str(tmp_path_factory.mktemp("damaged") / "damaged.tar")
    with open(bundle, "rb") as source:
        content = bytearray(source.read())
    content[len(content) // 2] ^= 0xFF
    with open(path, "wb") as target:
        target.write(content)
    return path


def test_a_first_host_that_is_sick_blocks_nobody(sick_first, bundle):
    played = deploy(sick_first, bundle)
    assert played.those("failed") == ["first"], played.text
    assert deployed(sick_first) == ["second", "third", "fourth"]


def test_a_bundle_at_fault_is_tried_on_one_host_only(four, damaged):
    """The others say so, and nothing was installed anywhere."""
    played = deploy(four, damaged)
    assert played.those("failed") == sorted(NAMES), played.text
    said = {name: fleet_control.told(played.text, name) for name in NAMES}
    assert [
        name for name in NAMES if "not tried, because first failed with this bundle" in said[name]
    ] == list(NAMES[1:]), said
    assert deployed(four) == []


def test_a_first_batch_that_fails_ends_the_play(sick_first, bundle):
    """[1, "100%"]: nothing was even carried to the others."""
    played = deploy(sick_first, bundle, offkit_serial=[1, "100%"])
    assert played.code != 0
    assert sorted(played.hosts) == ["first"], played.text
    assert (deployed(sick_first), touched(sick_first)) == ([], ["first"])


def test_batches_come_one_after_the_other(four, bundle):
    played = deploy(four, bundle, offkit_serial=2)
    assert played.code == 0, played.text
    assert played.text.count("PLAY [") == 2
    assert deployed(four) == list(NAMES)


def test_more_failures_than_allowed_end_the_play(sick_first, bundle):
    """Half of the first batch has failed, and none may: the second one stays as it was."""
    played = deploy(sick_first, bundle, offkit_serial=2, offkit_max_fail_percentage=0)
    assert sorted(played.hosts) == ["first", "second"], played.text
    assert (deployed(sick_first), touched(sick_first)) == (["second"], ["first", "second"])


def test_as_many_failures_as_there_are_end_nothing_by_default(sick_first, bundle):
    played = deploy(sick_first, bundle, offkit_serial=2)
    assert played.those("failed") == ["first"], played.text
    assert deployed(sick_first) == ["second", "third", "fourth"]
