"""What conversions come to, as JSON; run by each Python that they must be the same on.

python digests.py DIRECTORY FORM COLOUR WORKERS-METHOD,... NAME...
"""

import hashlib
import json
import os
import sys
import tempfile

from offkit.badapple import environment

environment.load()

import offkit.theatre  # noqa: E402, F401 (its formats)
from offkit.badapple import convert  # noqa: E402
from offkit.badapple.formats import catalogue, look  # noqa: E402
from offkit.badapple.formats.base import Facts  # noqa: E402
from offkit.badapple.formats.cells import Look  # noqa: E402
from offkit.badapple.video import decode  # noqa: E402
from offkit.model.errors import OffkitError  # noqa: E402
from offkit.model.report import Bar  # noqa: E402


def digest(video, form, path, workers, method):
    """[SHA-256, frames, lost] of a conversion, None where seeking is not exact."""
    result = convert.convert(video, form, path, workers, Bar(), method)
    if result is None:
        return None
    with open(path, "rb") as source:
        return [hashlib.sha256(source.read()).hexdigest()[:16], result.frames, result.lost]


def main(directory, kind, colour, ways, *names):
    import cv2

    found = {"cv2": cv2.__version__}
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "out")
        for name in names:
            try:
                video = decode.probe(os.path.join(directory, name))
            except OffkitError as error:
                found[name] = [finding.code for finding in error.findings]
                continue
            form = Look(look.grid(video.width, video.height, 0, 30), colour=colour)
            form = catalogue.make(kind, form, Facts(video.fps or 30.0, video.width, video.height))
            found[name] = {}
            for way in ways.split(","):
                workers, method = way.split("-")
                found[name][way] = digest(video, form, path, int(workers), method)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
