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


@pytest.mark.parametrize("el", [7, 8, 9])
def test_from_the_probe_to_a_healthy_server(el, tmp_path):
    """Python too, which on el8 is of a module: real yum installs it from the bundle, with its stream."""
    if disc.python(el) == ():
        pytest.skip("this machine has no Python of EL {}".format(el))
    with targets.target(el) as target:
        script = subprocess.run(
            [bundles.OFFKIT, "probe", "--script"], check=True, capture_output=True, text=True
        )
        target.write("/tmp/probe.sh", script.stdout)
        described = target.run(["sh", "/tmp/probe.sh"])
        assert described.returncode == 0, described.stderr
        (tmp_path / "server.json").write_text(described.stdout)
        key = shutil.copy(rpms.public_key(), str(tmp_path / "key"))
        with mirror.mirror(disc.tree(el)) as url:
            done = subprocess.run(
                [bundles.OFFKIT, "bundle", *bundles.STORY[el], "--target", str(tmp_path / "server.json")]
                + ["--rpm-repo", url, "--rpm-key", key, "--json", "-o", str(tmp_path / "bundle.tar")],
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        names = {title.rsplit("-", 2)[0] for title in said["rpms"]}
        assert "libX11" in names
        assert "glibc" not in names
        assert not any(title.endswith(".i686") for title in said["rpms"])
        assert ("RPM013" in {each["code"] for each in said["findings"]}) is (el == 8)
        journey.carry(target, str(tmp_path / "bundle.tar"))
        done = journey.install(target)
        assert done.returncode == 0, journey.failed(done)
        done = journey.python(target, "import cv2; print(cv2.__version__)")
        assert done.returncode == 0, done.stderr
        code, found = journey.doctor(target)
        assert (code, {each for each in found if each[0].startswith("LIB")}) == (0, set())
