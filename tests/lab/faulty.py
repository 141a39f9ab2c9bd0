"""A server of a disc's files that behaves badly: python tests/lab/faulty.py TOP ADDRESS PORT FAULT

It serves until its standard input ends. What it can do wrong is in FAULTS.
"""

import fnmatch
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "makers")]

import web_maker  # noqa: E402

LIBS = "Packages/*python3-libs-*.x86_64.rpm"


def _path(site, pattern):
    (found,) = [path for path in site.files if fnmatch.fnmatch(path, pattern)]
    return found


def forged(site):
    """Some bytes of a package are others."""
    path = _path(site, LIBS)
    data = bytearray(site.files[path])
    data[-1000] ^= 0xFF
    site.files[path] = bytes(data)


def cut(site):
    """A package, as it lies on the server, ended too early."""
    path = _path(site, LIBS)
    site.files[path] = site.files[path][:-5000]


def stops(site):
    """It breaks off in the middle of a package, and gives not a byte more of anything."""
    path = _path(site, LIBS)

    def do(handler, data):
        for each in site.files:
            site.does[each] = web_maker.cut(0, 1000000)
        handler.give(data, only=100000)

    site.does[path] = do


def redirects(site):
    """It sends to a host beyond the network."""
    for path in site.files:
        site.does[path] = web_maker.status(302, Location="http://192.0.2.1/" + path)


def metadata(site):
    """Its metadata are not what repomd.xml was made for."""
    path = _path(site, "repodata/*primary.xml*")
    site.files[path] = site.files[path][:-10]


def whole(site):
    """It does everything right."""


FAULTS = {each.__name__: each for each in (forged, cut, stops, redirects, metadata, whole)}


def main():
    top, address, port, fault = sys.argv[1:]
    with web_maker.site(address, int(port)) as site:
        site.add(top)
        FAULTS[fault](site)
        sys.stdout.write(site.url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
