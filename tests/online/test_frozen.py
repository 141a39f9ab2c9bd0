"""Lines of pip freeze, from conda's environments and others."""

import pytest

from offkit.online.request import frozen

GONE = [
    ("numpy @ file:///croot/numpy_1/work", "numpy"),
    ("numpy @ file:///tmp/build/80754af9/numpy_and_numpy_base_1682520569166/work", "numpy"),
    ("certifi @ file:///opt/conda/conda-bld/certifi_1655968806487/work/certifi", "certifi"),
    ("PyYAML @ file:///home/conda/feedstock_root/build_artifacts/pyyaml_1648757092905/work", "PyYAML"),
    ("wincertstore @ file:///C:/b/abs_50to/croot/wincertstore_1681/work", "wincertstore"),
    ("six @ file:///tmp/build/six-1.16.0", "six==1.16.0"),
    ("ruamel.yaml @ file:///src/ruamel_yaml-0.17.21.tar.gz", "ruamel.yaml==0.17.21"),
    ("x[y] @ file:///gone/x ; python_version < '4'", "x[y] ; python_version < '4'"),
    ("x@file://elsewhere/gone/x", "x"),
    ("x @ file:///gone/x-not.a.version", "x"),
    ("x @ file:///gone/x#subdirectory=python", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "text"), GONE)
def test_a_directory_that_only_the_builder_had(line, text):
    """The name is taken, with the version where the path has one; and that is said, with the line."""
    taken = frozen.read(line, "r.txt (line 3)")
    finding = taken.finding
    assert (taken.text, finding.code, finding.severity) == (text, "REQ018", "warning")
    url = "file:" + line.partition("file:")[2].partition(" ;")[0]
    assert finding.message == (
        f"r.txt (line 3): {url} is no file of this machine, but of the one that built it; taken as {text}"
    )
    assert bool(finding.fix) is ("==" not in text)


@pytest.mark.parametrize(("line", "text"), [
    ("pywinpty @ file:///D:/w/pywinpty-2.0.2-cp37-none-win_amd64.whl", "pywinpty==2.0.2"),
    ("file:///D:/w/pywinpty-2.0.2-cp37-none-win_amd64.whl#sha256=00", "pywinpty==2.0.2"),
    ("torch @ file:///home/conda/torch-2.0.0%2Bcu118-cp38-cp38-linux_x86_64.whl", "torch==2.0.0+cu118"),
    ("Ruamel.Yaml[x] @ file://host/w/ruamel_yaml-0.17-1-py3-none-any.whl ; os_name == 'nt'",
     "Ruamel.Yaml[x]==0.17 ; os_name == 'nt'"),
    ("x@file:///gone/x-1-py3-none-any.whl;os_name == 'nt'", "x==1 ;os_name == 'nt'"),
])  # fmt: skip
def test_a_wheel_of_another_machine(line, text):
    """By its name and the version that it has."""
    taken = frozen.read(line, "r.txt (line 3)")
    assert (taken.text, taken.finding.code, taken.finding.fix) == (text, "REQ018", "")
    assert taken.finding.message.endswith(f"is no file of this machine, but of another; taken as {text}")


def test_what_stays(tmp_path):
    """What is here, wheels, and everything that is no such line."""
    (tmp_path / "x y").mkdir()
    for line in (
        f"x @ {(tmp_path / 'x y').as_uri()}",
        f"x @ {tmp_path.as_uri()}/x-1.0-py3-none-any.whl",  # of a directory that is here
        f"{tmp_path.as_uri()}/x-1.0-py3-none-any.whl",
        "x @ file:///gone/y-1.0-py3-none-any.whl",
        "x @ file:///gone/x.whl",
        "x @ file:///gone/a%00b/x-1.0-py3-none-any.whl",
        "file:x-1.0-py3-none-any.whl",
        "x @ https://host/x",
        "x @ git+file:///srv/x",
        "x==1.0",
        "file:///gone/x",
        "./x",
    ):
        assert frozen.read(line, "") == (line, None)
