"""A bundle that has the RPMs of the ISO: nothing else is carried to a server with nothing."""

import os
import subprocess

import pytest

import bundles
import disc
import journey
import needs
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]


@pytest.fixture(scope="module", params=[7, 8, 9], ids="el{}".format)
def bundle(request, tmp_path_factory):
    """(EL, the path of a bundle with the RPMs of Python, and on el7 of the story's libraries)"""
    el = request.param
    wanted = bundles.STORY[el] if el == 7 else bundles.SMALL
    path = os.path.join(str(tmp_path_factory.mktemp("carried")), "bundle.tar")
    argv = [bundles.OFFKIT, "bundle", *wanted, "--python", bundles.PYTHONS[el]]
    argv += ["--target", "el{}".format(el), "--iso", disc.iso(el), "-o", path]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "python3" in done.stdout
    return el, path


@pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
def test_nothing_but_the_bundle(bundle, user):
    """Python and the libraries come out of it: as root with yum, else unpacked; what needs them is imported."""
    el, path = bundle
    with targets.target(el) as target:
        journey.carry(target, path, user=user)
        told = journey.install(target, "--dry-run", user=user)
        assert told.returncode == 0, journey.failed(told)
        assert "bundle.tar" in told.stdout.splitlines()[1]
        done = journey.install(target, user=user)
        assert done.returncode == 0, journey.failed(done)
        name = "cv2" if el == 7 else "idna"
        imported = journey.python(target, "import {}; print('imported')".format(name), user=user)
        assert imported.stdout == "imported\n", imported.stderr
        installed = any(rpm.startswith("python3") for rpm in journey.rpms(target))
        assert installed is not user
