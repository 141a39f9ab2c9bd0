"""A package index on this machine that behaves as mirrors do: well, and badly."""

import base64
import collections
import hashlib
import html
import io
import re
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import bundle_maker


class Mirror(ThreadingHTTPServer):
    """A PEP 503 index of ``files`` {file name: body}.

    ``spoil`` names wheels whose body is wrong, and how often; ``moved`` are paths that redirect, ``pages``
    {path: (status, body, headers)} what is answered instead, or what gives that, ``asked`` what has been asked for, and ``sent``
    how many bytes of each file went out. With ``ranges`` it answers those, under an ETag; with ``metadata``
    that of a wheel lies beside it (PEP 658). ``silent`` are endings of paths, and how many bytes are sent for
    them before it says nothing any more, ``reached`` is then set.
    """

    daemon_threads = True

    def __init__(self, password=None, hashes=True, ranges=False, metadata=False, user="user"):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.spoil, self.moved, self.attributes = {}, {}, {}, {}
        self.asked, self.sent, self.headers = [], collections.Counter(), []
        self.ranges, self.metadata, self.pages = ranges, metadata, {}
        self.user, self.password, self.hashes = user, password, hashes
        self.silent, self.reached = {}, threading.Event()

    def add(self, name, version="1", **more):
        """A wheel; ``more`` is what bundle_maker.wheel takes. Returns its file name."""
        filename, body = bundle_maker.wheel(name, version, **more)
        return self.put(filename, body)

    def put(self, filename, body=b"not looked at", **attributes):
        """A file as it is; ``attributes`` (requires_python, yanked) are those of its row."""
        self.files[filename] = body
        self.attributes[filename] = attributes
        return filename

    def handle_error(self, request, client_address):
        """Whoever asked went away."""

    @property
    def url(self):
        user = f"{self.user}:{self.password}@" if self.password else ""
        return f"http://{user}127.0.0.1:{self.server_port}"

    @property
    def args(self):
        return ["--index-url", self.url + "/simple"]


def project(filename):
    """The project a file is of, as an index calls it."""
    stem = filename if filename.endswith(".whl") else re.sub(r"-\d.*", "", filename)
    return re.sub(r"[-_.]+", "-", stem.split("-")[0] if filename.endswith(".whl") else stem).lower()


def metadata(wheel):
    """METADATA of the bytes of a wheel."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA")))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        mirror = self.server
        mirror.asked.append((self.command, self.path))
        if mirror.password:
            wanted = "Basic " + base64.b64encode(f"{mirror.user}:{mirror.password}".encode()).decode()
            if self.headers.get("Authorization") != wanted:
                return self.answer(401, b"", {"WWW-Authenticate": 'Basic realm="mirror"'})
        if self.command == "GET" and self.path.endswith(tuple(mirror.silent)):
            return self.fall_silent(
                next(some for end, some in mirror.silent.items() if self.path.endswith(end))
            )
        if self.path in mirror.moved:
            return self.answer(302, b"", {"Location": mirror.moved[self.path]})
        if self.path in mirror.pages:
            said = mirror.pages[self.path]
            return self.answer(*(said() if callable(said) else said))
        if self.path.startswith("/simple/"):
            name = self.path.split("/")[2]
            if not name:
                return self.answer(200, b"<!DOCTYPE html>")
            rows = [self.row(file) for file in mirror.files if project(file) == name]
            page = "<!DOCTYPE html><html><body>" + "".join(rows) + "</body></html>"
            return self.answer(200 if rows else 404, page.encode(), {"Content-Type": "text/html"})
        file = self.path.split("/")[-1]
        if file.endswith(".whl.metadata") and mirror.metadata:
            return self.answer(200, metadata(mirror.files[file[: -len(".metadata")]]))
        if file not in mirror.files:
            return self.answer(404, b"no such file")
        body = mirror.files[file]
        if self.command == "GET" and mirror.spoil.get(file, ("", 0))[1] > 0:
            how, times = mirror.spoil[file]
            mirror.spoil[file] = (how, times - 1)
            if how == "404":
                return self.answer(404, b"gone")
            if how == "altered":
                return self.answer(200, body[:-1] + b"!")
            self.close_connection = True  # "broken": the body ends before its promised length
            return self.file(file, body, half=True)
        return self.file(file, body)

    def fall_silent(self, some):
        """Some bytes of what was asked for, and then none until the other side has gone."""
        if some:
            body = self.server.files[self.path.split("/")[-1]]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:some])
        self.server.reached.set()
        self.connection.recv(1)
        self.close_connection = True

    def file(self, file, body, half=False):
        """All of it, or what was asked for; of that only half, where it breaks off."""
        mirror, status, headers, start = self.server, 200, {}, 0
        if self.command == "GET":
            mirror.headers.append(self.headers)
        if mirror.ranges:
            headers["ETag"] = '"' + hashlib.sha256(body).hexdigest() + '"'
            asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
            if asked and self.headers.get("If-Range", headers["ETag"]) == headers["ETag"]:
                start = int(asked[1]) if asked[1] else max(0, len(body) - int(asked[2]))
                last = min(int(asked[2]), len(body) - 1) if asked[1] and asked[2] else len(body) - 1
                if start > last:
                    return self.answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
                status, headers["Content-Range"] = 206, f"bytes {start}-{last}/{len(body)}"
                body = body[: last + 1]
        rest = body[start:]
        part = rest[: len(rest) // 2] if half else rest
        if self.command == "GET":
            mirror.sent[file] += len(part)
        return self.answer(status, part, {**headers, "Content-Length": str(len(rest))})

    def row(self, file):
        digest = (
            "#sha256=" + hashlib.sha256(self.server.files[file]).hexdigest() if self.server.hashes else ""
        )
        more = "".join(
            f' data-{name.replace("_", "-")}="{html.escape(value)}"'
            for name, value in self.server.attributes[file].items()
        )
        if self.server.metadata and file.endswith(".whl"):
            beside = hashlib.sha256(metadata(self.server.files[file])).hexdigest()
            more += f' data-core-metadata="sha256={beside}"'
        return f'<a href="/files/{file}{digest}"{more}>{file}</a>'

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for key, value in dict({"Content-Length": str(len(body))}, **dict(headers)).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
