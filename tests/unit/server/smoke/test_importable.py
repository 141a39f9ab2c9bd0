"""What there is to import in a package."""

import pytest

from offkit.server.smoke import importable


@pytest.mark.parametrize(("files", "modules"), [
    (["alpha/__init__.py", "alpha/more/__init__.py", "alpha/data.json"], ["alpha"]),
    (["alpha.py", "_beta.abi3.so", "gamma.cpython-36m-x86_64-linux-gnu.so", "delta.so", "libx.so.1"],
     ["_beta", "alpha", "delta", "gamma"]),
    (["google/api/__init__.py", "google/api/more/__init__.py", "google/rpc/__init__.py"],
     ["google.api", "google.rpc"]),
    (["alpha/__init__.cpython-36m-x86_64-linux-gnu.so"], ["alpha"]),
    (["beta.py", "../../../bin/run.py", "../../../share/x/__init__.py", "alpha-1.dist-info/x.py"], ["beta"]),
    (["tests/__init__.py", "docs/__init__.py", "setup.py", "no-module.py", "alpha/plain.txt", "README"], []),
])  # fmt: skip
def test_what_is_imported(files, modules):
    """Top-level modules and packages, those right below a namespace; nothing that was packed by mistake."""
    assert importable.modules(files) == modules


def test_what_is_imported_of_a_namespace_alone():
    """Its highest modules, where a package has nothing else; nothing of data, scripts and examples."""
    files = ["google/api/a_pb2.py", "google/api/deep/b_pb2.py", "google/api/x.proto", "../../../bin/x.py"]
    assert importable.modules(files) == []
    assert importable.parts([*files, "docs/conf.py", "a-b/c.py"]) == ["google.api.a_pb2"]
    assert importable.parts(["share/x.txt"]) == []
