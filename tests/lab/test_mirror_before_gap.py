"""A server described by its probe, a mirror before the gap, and nothing but the bundle beyond it."""

import json
import shutil
import subprocess

import pytest

import bundles
import disc
import journey
import mirror
import needs
import rpms
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]


@pytest.fixture(scope="module", params=[7, 8, 9], ids="el{}".format)
def mirrored(request, tmp_path_factory):
    """(EL, a server with nothing, the bundle for it, what offkit said of that)"""
    el, folder = request.param, tmp_path_factory.mktemp("mirrored")
    if disc.python(el) == ():
        pytest.skip("this machine has no Python of EL {}".format(el))
    with targets.target(el) as target:
        script = subprocess.run(
            [bundles.OFFKIT, "probe", "--script"], check=True, capture_output=True, text=True
        )
        target.write("/tmp/probe.sh", script.stdout)
        described = target.run(["sh", "/tmp/probe.sh"])
        assert described.returncode == 0, described.stderr
        (folder / "server.json").write_text(described.stdout)
        bundle, key = str(folder / "bundle.tar"), shutil.copy(rpms.public_key(), str(folder / "key"))
        with mirror.mirror(disc.tree(el)) as url:
            done = subprocess.run(
                [bundles.OFFKIT, "bundle", *bundles.STORY[el], "--target", str(folder / "server.json")]
                + ["--rpm-repo", url, "--rpm-key", key, "--json", "-o", bundle],
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        yield el, target, bundle, json.loads(done.stdout)


def test_the_bundle_has_what_is_wanted_and_no_more(mirrored):
    el, _, _, said = mirrored
    names = {title.rsplit("-", 2)[0] for title in said["rpms"]}
    assert "libX11" in names
    assert "glibc" not in names
    assert not any(title.endswith(".i686") for title in said["rpms"])
    assert ("RPM013" in {each["code"] for each in said["findings"]}) is (el == 8)


@pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
def test_from_the_probe_to_a_healthy_server(mirrored, user):
    """Python too, which on el8 is of a module: real yum installs it from the bundle, with its stream; and
    without root all of it is unpacked."""
    _, nothing, bundle, _ = mirrored
    with targets.target(above=nothing) as target:
        before = journey.rpms(target)
        journey.carry(target, bundle, user=user)
        done = journey.install(target, user=user)
        assert done.returncode == 0, journey.failed(done)
        done = journey.python(target, "import cv2; print(cv2.__version__)", user=user)
        assert done.returncode == 0, done.stderr
        code, found = journey.doctor(target, user)
        assert (code, {each for each in found if each[0].startswith("LIB")}) == (0, set())
        assert (journey.rpms(target) == before) is user
