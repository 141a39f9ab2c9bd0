"""What a command imports before it begins: half of what a second bundle takes of a processor."""

import subprocess
import sys

SELDOM = ("http.client", "packaging.pylock", "xml.sax")


def test_what_few_requests_need_is_imported_for_those():
    """A pylock.toml, or RPMs without metadata; pip brings http.client when an index is asked."""
    line = "import sys, offkit.cli.app, offkit.cli.lock, offkit.online.bundle; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", line], stdout=subprocess.PIPE, check=True)
    assert not {*said.stdout.decode().split()}.intersection(SELDOM)
