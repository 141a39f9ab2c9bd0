"""A bundle's requirements are pins with hashes and nothing else."""

import pytest

from offkit.model.errors import IntegrityError
from offkit.server.bundle import requirements
from offkit.server.bundle.requirements import Pin

HASH = "--hash=sha256:" + "ab" * 32

GOOD = """# made by offkit
numpy==1.19.5 \\
    {0} \\
    {0}
    # via opencv
opencv-python-headless==4.6.0.66 ; python_version >= "3.6" {0}
zope.interface[test]==5.5.2 {0}  # via x
local==1.0+abc.1 {0}
""".format(HASH)


def test_pins_in_order():
    """Continuation lines, comments, markers and extras are understood."""
    assert requirements.pins(GOOD.encode()) == [
        Pin("numpy", "1.19.5"),
        Pin("opencv-python-headless", "4.6.0.66"),
        Pin("zope.interface", "5.5.2"),
        Pin("local", "1.0+abc.1"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "-r other.txt",
        "-e .",
        "numpy",
        "numpy==1.19.5",
        "numpy>=1 " + HASH,
        "numpy==1.* " + HASH,
        "numpy @ https://example.org/numpy.whl " + HASH,
        "./numpy.whl " + HASH,
        "numpy==${VERSION} " + HASH,
        "numpy==1 " + HASH + " --global-option=x",
        "numpy==1 --hash=md5:" + "ab" * 16,
        "\udcff",
    ],
)
def test_everything_else_is_refused(line):
    """pip would obey options and fetch addresses; a bundle has no use for either."""
    with pytest.raises(IntegrityError) as caught:
        requirements.pins((GOOD + line + "\n").encode("utf-8", "surrogateescape"))
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("BUN014", "requirements.txt")
