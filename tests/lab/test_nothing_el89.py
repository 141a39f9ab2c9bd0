"""BaseOS and AppStream with module metadata: the one command on el8 and el9, as root and without."""

import pytest

import bundles
import changes
import disc
import journey
import needs
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

VERSIONS = {8: "4.2.0", 9: "4.5.5"}
PYTHONS = {8: "3.6.15-rpm", 9: "3.9.18-rpm"}
DVD = "dvd.iso"


@pytest.fixture(
    scope="module",
    params=[(8, False), (8, True), (9, False), (9, True)],
    ids=lambda pair: "el{} as {}".format(pair[0], "user" if pair[1] else "root"),
)
def server(request, carried):
    """(EL, whether it is a user's, the target, the finished command, the target and the RPMs before)"""
    el, user = request.param
    with targets.target(el) as nothing:
        # Of "offkit bundle --python 3.6", which is for el7, one takes the Python that EL 8 has on its own DVD.
        bundle = carried.get(bundles.STORY[el], 7 if (el, user) == (8, False) else el)
        journey.carry(nothing, bundle, disc.iso(el), user=user, name=DVD)
        before = journey.rpms(nothing)
        with targets.target(above=nothing) as target:
            yield el, user, target, journey.install(target, "--iso", DVD, user=user), nothing, before


def test_one_command_ends_well(server):
    """Exit 0, a healthy doctor, and cv2 is imported."""
    el, user, target, done, *_ = server
    assert done.returncode == 0, journey.failed(done)
    code, said = journey.doctor(target, user=user)
    assert (code, {subject for _, subject in said} - {"hashlib"}) == (0, set())
    imported = journey.python(target, "import cv2; print(cv2.__version__)", user=user)
    assert imported.stdout == VERSIONS[el] + "\n", imported.stderr


def test_run_badapple_is_verified(server):
    _, user, target, *_ = server
    done = journey.offkit(target, "run-badapple", "-o", "/tmp/frames.txt", user=user)
    assert done.returncode == 0, journey.failed(done)


def test_the_module_is_installed_by_yum_or_unpacked(server):
    """As root the distribution's packages; as a user nothing but files in the home directory."""
    el, user, target, *_, before = server
    new = {each.rsplit("-", 2)[0] for each in set(journey.rpms(target)) - set(before)}
    if not user:
        assert {"python36" if el == 8 else "python3", "libSM", "libXext"} <= new
        return
    assert new == set()
    found = changes.outside(changes.changes(target), *journey.LEFT, journey.PREFIX[True])
    assert [line for line in found if line[2:] not in journey.EMPTY] == []
    base = journey.python(target, "import sys; print(sys.base_prefix)", user=True).stdout
    assert base == "{}/python/{}/usr\n".format(journey.PREFIX[True], PYTHONS[el])


def test_uninstall_leaves_the_server_as_it_was(server):
    _, user, target, _, nothing, before = server
    with targets.target(above=target) as leaving:
        done = journey.offkit(leaving, "uninstall", "-y", user=user)
        assert done.returncode == 0, journey.failed(done)
        assert journey.rpms(leaving) == before
        left = changes.outside(changes.changes(leaving, since=nothing), *journey.LEFT)
    assert [line for line in left if line[2:] not in journey.EMPTY] == []
