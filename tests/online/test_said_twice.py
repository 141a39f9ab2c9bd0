"""Lines of a requirements file that say the same are one to pip, whose time is their number squared."""

from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset

LINES = ["alpha", "alpha>=1", "alpha[more]", "alpha ; python_version > '3'", "beta==1"]


def test_each_once(mirror, tmp_path):
    """Whatever blanks and comments there are; in the order of the first; a constraint is another."""
    server = mirror("alpha", "beta")
    file, limits = tmp_path / "r.txt", tmp_path / "c.txt"
    file.write_text("".join(f"{line}  # {number}\n" for number in range(1000) for line in LINES))
    limits.write_text("beta==1\nbeta == 1\n")
    with Session(preset(), server.args, Reporter()) as session:
        read = session.read(Request((), (file,), (), (limits,)))
        assert [(str(one.req), one.constraint) for one in read] == [
            ("alpha", False),
            ("alpha>=1", False),
            ("alpha[more]", False),
            ("alpha", False),
            ("beta==1", False),
            ("beta==1", True),
        ]
        assert [wheel.name for wheel in session.lock(Request((), (file,), (), (limits,))).wheels] == [
            "alpha",
            "beta",
        ]


def test_what_differs_in_its_hash(mirror, tmp_path):
    """Is not the same."""
    server = mirror("alpha")
    file = tmp_path / "r.txt"
    file.write_text("".join(f"alpha==1 --hash=sha256:{digit * 64}\n" for digit in "0101"))
    with Session(preset(), server.args, Reporter()) as session:
        assert len(session.read(Request((), (file,)))) == 2
