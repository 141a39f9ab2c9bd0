"""Prints install.sh with its parts joined, for tools that look at shell scripts."""

import sys

from offkit.edges.presets import preset
from offkit.online import bootstrap

sys.stdout.buffer.write(bootstrap.seal(bootstrap.script(preset("3.6"), b""), 0, "0" * 64))
