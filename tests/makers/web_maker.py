"""A server of files on this machine's own 127.0.0.1, that can be told to behave badly."""

import contextlib
import os
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn

import pytest

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


class Site:
    """``files``: path → bytes, with no slash in front. ``does``: path → what happens instead, a function of
    (handler, data); ``log``: (path, Range or "") of every request."""

    def __init__(self, url):
        self.url = url
        self.files, self.does, self.log = {}, {}, []

    def add(self, top):
        """Every file below a directory."""
        for folder, _, names in os.walk(str(top)):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as source:
                    self.files[os.path.relpath(path, str(top))] = source.read()

    def asked(self, path):
        return [span for each, span in self.log if each == path]


def cut(after, times=1):
    """The connection breaks after so many bytes of what was asked for, the first ``times``."""
    left = [times]

    def do(handler, data):
        left[0] -= 1
        handler.give(data, only=after if left[0] >= 0 else None)

    return do


def status(code, **headers):
    def do(handler, data):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    return do


def busy(times):
    """503 so often, then the file."""
    left = [times]

    def do(handler, data):
        left[0] -= 1
        if left[0] >= 0:
            return status(503)(handler, data)
        return handler.give(data)

    return do


def without_ranges(after):
    """As ``cut``, by a server that begins with the first byte every time."""
    left = [1]

    def do(handler, data):
        left[0] -= 1
        handler.whole(data, only=after if left[0] >= 0 else None)

    return do


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.lstrip("/")
        site = self.server.site
        site.log.append((path, self.headers.get("Range", "")))
        if path in site.does:
            site.does[path](self, site.files.get(path, b""))
        elif path in site.files:
            self.give(site.files[path])
        else:
            status(404)(self, b"")

    def give(self, data, only=None):
        span = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not span:
            return self.whole(data, only)
        first = int(span.group(1))
        self.send_response(206)
        self.send_header("Content-Range", "bytes {}-{}/{}".format(first, len(data) - 1, len(data)))
        return self._body(data[first:], only)

    def whole(self, data, only=None):
        self.send_response(200)
        self._body(data, only)

    def _body(self, data, only):
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data if only is None else data[:only])

    def log_message(self, *words):
        pass


class _Server(ThreadingMixIn, TCPServer):
    """Not HTTPServer, which asks a name server what this address is called."""

    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        """Whoever asked went away."""


@contextlib.contextmanager
def site(address="127.0.0.1", port=0):
    """A Site; nobody answers at its address afterwards."""
    server = _Server((address, port), _Handler)
    server.site = Site("http://{}:{}".format(*server.server_address))
    server.site.stop, server.site.server = server.server_close, server
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def nobody():
    """The URL of a port where nobody listens."""
    with site() as gone:
        return gone.url
