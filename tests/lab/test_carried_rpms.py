"""RPMs in the bundle: no disc is carried, and the libraries are there, with root and without."""

import json
import shutil
import subprocess

import pytest

import bundles
import disc
import journey
import needs
import source_tree
import targets
from target_maker import preset

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

GLIBC = (2, 36)  # of the lab's targets: what the ready-made Python of this machine may want
X11 = ["libSM", "libICE", "libXext", "libXrender", "libX11", "libxcb"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The story's packages, the RPMs that they want out of the disc, and a ready-made Python."""
    folder = tmp_path_factory.mktemp("carried")
    archive = source_tree.build("3.6")
    if archive is None:
        pytest.skip("no CPython 3.6 on PATH or under pyenv")
    build = folder / source_tree.name(archive, "3.6")
    shutil.copy(archive, str(build))
    goal = folder / "target.json"
    goal.write_text(json.dumps(preset("3.6")._replace(glibc=GLIBC).to_json()))
    out = folder / "bundle.tar"
    argv = [bundles.OFFKIT, "bundle", *bundles.STORY[7], "--target", str(goal), "--python-build", str(build)]
    argv += ["--iso", disc.iso(7), "--json", "-o", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(out), json.loads(done.stdout)


@pytest.fixture(params=[False, True], ids=["root", "user"])
def server(request, bundle):
    """(target, whether it is an ordinary user), after the one command without a disc."""
    with targets.target(7) as target:
        journey.carry(target, bundle[0], user=request.param)
        done = journey.install(target, user=request.param)
        assert done.returncode == 0, journey.failed(done)
        yield target, request.param


def test_the_bundle_has_what_the_wheels_want(bundle):
    """By packages, without what every server has."""
    names = [title.rsplit("-", 2)[0] for title in bundle[1]["rpms"]]
    assert set(X11) <= set(names)
    assert not {"glibc", "libstdc++", "zlib"} & set(names)


def test_opencv_is_imported_and_the_doctor_agrees(server):
    target, user = server
    done = journey.python(target, "import cv2; print(cv2.__version__)", user=user)
    assert done.stdout == "4.2.0\n", done.stderr
    code, said = journey.doctor(target, user)
    assert (code, {each for each in said if each[0].startswith("LIB")}) == (0, set())


def test_root_has_yum_install_them_and_nobody_else_changes_the_system(server):
    """And all of it goes again."""
    target, user = server
    installed = target.run(["rpm", "-q", *X11]).returncode == 0
    assert installed is not user
    where = journey.PREFIX[user] + "/current/offkit/libraries.json"
    done = target.run(["cat", where], user=user)
    assert (done.returncode == 0) is user, done.stderr
    if user:
        sonames = {each["soname"]: each for each in json.loads(done.stdout)["libraries"]}
        assert sonames["libSM.so.6"]["medium"] == "bundle.tar"
        assert sonames["libSM.so.6"]["signature"].startswith("key ")
    gone = journey.offkit(target, "uninstall", "-y", user=user)
    assert gone.returncode == 0, journey.failed(gone)
    assert target.run(["rpm", "-q", *X11]).returncode == len(X11)


def test_a_new_bundle_has_them_still(bundle, carried):
    """An ordinary user who brings another bundle later, and no disc, keeps the libraries."""
    with targets.target(7) as target:
        journey.carry(target, bundle[0], user=True)
        assert journey.install(target, user=True).returncode == 0
        journey.carry(target, carried.get(bundles.STORY[7]), user=True)
        done = journey.install(target, user=True)
        assert done.returncode == 0, journey.failed(done)
        assert "from an earlier generation" in done.stderr
        done = journey.python(target, "import cv2; print(cv2.__version__)", user=True)
        assert done.stdout == "4.2.0\n", done.stderr
