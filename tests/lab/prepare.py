"""Sets the lab up: packages, the base system, the layers and discs. The second time it has nothing to do.

python tests/lab/prepare.py [el7 el8 amazon2023 ...]     without a name: el7, el8 and el9
"""

import os
import subprocess
import sys
import time

import cache
import disc
import extras
import flavours
import needs
import remote
import source_tree
import targets

HERE = os.path.dirname(os.path.abspath(__file__))


def main(names):
    """Exit code 0 also where there can be no lab, unless OFFKIT_REQUIRE_ALL=1."""
    reason = needs.hopeless()
    if not reason:
        subprocess.run(["sh", os.path.join(HERE, "setup.sh")], check=True, stdout=sys.stderr)
        reason = needs.reason()
    if reason:
        print("skipped: the lab ({})".format(reason))
        return 1 if os.environ.get("OFFKIT_REQUIRE_ALL") == "1" else 0
    targets.discard_old()
    start = time.monotonic()
    for name in names or ["el7", "el8", "el9"]:
        el = flavours.key(name)
        targets.layer(el)
        disc.iso(el)
    if "el7" in (names or ["el7"]):
        disc.iso(7, minimal=True)
        source_tree.source()
        source_tree.build()
    extras.drive()
    extras.tools()
    remote.layer()
    print("lab: ready after {:.0f} s, in {}".format(time.monotonic() - start, cache.home()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
