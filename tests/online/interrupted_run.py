"""A bundle in a process of its own: python interrupted_run.py FIFO PHASE ARGUMENTS of 'offkit bundle'.

In the PHASE it says so into the FIFO, whose other end is closed by the system when this and all that it has
started are gone, and stays there.
"""

import os
import sys
import threading
from pathlib import Path

from offkit.cli import app
from offkit.edges import walls
from offkit.online import bundle
from offkit.online.carry import pack
from offkit.online.index.pool import pool
from offkit.online.proof import rehearsal, stage
from offkit.online.sources import interpreters
from offkit.online.wheels import store

FIFO, PHASE = sys.argv[1:3]
here = os.open(FIFO, os.O_WRONLY)
# Another program, which says so too, and stays. timeout(1) passes signals on once it sleeps.
OTHER = FIFO + ".sh"
with open(OTHER, "w") as script:
    script.write(
        "#!/bin/sh\nuntil grep -q '^State:.S' /proc/$PPID/status; do :; done\n"
        f"exec 3>'{FIFO}'\necho x >&3\nexec sleep 1000\n"
    )
os.chmod(OTHER, 0o755)


def stay(*given, **named):
    os.write(here, b"x")
    threading.Event().wait()


STAGE = stage.Here(interpreters.Interpreter(sys.executable, "3.6.15"), walls.words())


def start_others(*given):
    """As the rehearsal does it, behind its walls and apart; at the same time."""
    with rehearsal.leftovers.scratch() as name, STAGE.opened(Path(name), ()) as run:
        os.mkdir(os.path.join(name, "home"))
        with pool(2, programs=True) as threads:
            list(threads.map(lambda number: run([OTHER], apart=number % 2 > 0), range(4)))


# The rest of a bundle is beside the point: offkit.pyz and install.sh.
bundle._runtime = lambda session: ()
bundle.runtime.build = lambda paths, cache: b"pyz"
bundle.bootstrap.script = lambda *given: b"#!/bin/sh\n"
bundle.bootstrap.seal = lambda contents, offset, digest: contents
stage.here = lambda target: STAGE
if PHASE == "hashing":
    store.checksum = type("Checksum", (), {"sha256": staticmethod(stay)})
elif PHASE == "packing":
    pack._Tar.add = stay
elif PHASE == "syntax":
    interpreters.of = lambda target: interpreters.Interpreter(OTHER, "3.6.15")
elif PHASE == "rehearsing":
    rehearsal.rehearse = start_others
app.main(["bundle", *sys.argv[3:]])
