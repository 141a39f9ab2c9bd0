"""install.sh under the shells that a /bin/sh can be: the ordinary user's journey from the disc's image."""

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

TOOLS = "awk cut dd df find grep gzip head mktemp od readlink sed sha256sum sort stat tail tr xz"


@pytest.fixture(scope="module")
def nothing(carried):
    with targets.target(7, tools=True) as target:
        journey.carry(target, carried.get(bundles.SMALL), disc.iso(7), user=True)
        yield target


@pytest.mark.parametrize(
    ("shell", "variables"),
    [
        ("dash", {"LC_ALL": "C"}),
        ("bash --posix", {}),
        ("busybox sh", {"LC_ALL": "C"}),
    ],
)
def test_a_user_with_nothing_under_this_shell(nothing, shell, variables):
    """From the same bundle and image to a Python that imports; busybox brings its own awk, od and the like, too."""
    with targets.target(above=nothing) as target:
        if shell.startswith("busybox"):
            target.run(
                [
                    "sh",
                    "-c",
                    "cd /usr/local/bin && for tool in {}; do ln -s busybox $tool; done".format(TOOLS),
                ]
            )
        program, *words = shell.split()
        command = journey.COMMAND.replace("$0", " ".join([program, *words]))
        argv = ["sh", "-c", command, "sh", "--iso", journey.ISO]
        done = target.run(argv, user=True, variables=variables)
        assert done.returncode == 0, journey.failed(done)
        found = journey.python(target, "import idna, sys; print(sys.base_prefix)", user=True)
        assert found.stdout.startswith(journey.PREFIX[True] + "/python/"), found.stderr
