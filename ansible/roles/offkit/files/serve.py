#!/usr/bin/env python3
"""Serves yum repositories to the hosts of a fleet, over plain HTTP, for as long as they ask.

Read only: GET and HEAD of the files of a directory or an ISO image, with byte ranges, so that a
transfer that was cut goes on. It binds to the one address that it is given, runs in the background,
and ends when nobody has asked for a while or its state file goes: it is no service, and nothing of
it is left but a log. CPython 3.6 or newer, standard library only; the files of an ISO image are
read by offkit's own reader, without mounting it (--offkit says where an offkit is).

    serve.py --state DIR --address A --port P --idle SECONDS [--offkit DIR] [NAME=]PATH...
    serve.py --state DIR --stop

Says what it did as one line of JSON on stdout: {"changed", "url", "pid", "log", "repositories"}, or
{"error", "fix"} with exit code 1.
"""

import argparse
import contextlib
import email.utils
import fcntl
import html
import json
import os
import posixpath
import re
import signal
import socket
import stat
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from urllib.parse import quote, unquote_to_bytes

REPOMD = "repodata/repomd.xml"
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
CHUNK = 256 * 1024
SOCKET_TIMEOUT = 60  # seconds that a client may be silent for
TICK = 0.2  # seconds between looks at the state file
PATIENCE = 15  # seconds that another server gets to end


class Refusal(Exception):
    """What stands in the way, and what to do about it."""

    def __init__(self, text, fix):
        super().__init__(text)
        self.fix = fix


class Directory:
    """A directory: what its links lead to outside of it is not there."""

    def __init__(self, path):
        self.top = os.path.realpath(path)
        self.identity = self.top

    def find(self, path):
        """(names, None) of a directory, (None, (file, pieces, mtime)) of a file; the file is the caller's to
        close, pieces are (offset, size). Raises OSError."""
        real = os.path.realpath(os.path.join(self.top, path))
        if real != self.top and not real.startswith(self.top.rstrip("/") + "/"):
            raise FileNotFoundError(path)
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            facts = os.fstat(handle)
            if stat.S_ISDIR(facts.st_mode):
                names = sorted(os.listdir(real))
                os.close(handle)
                return names, None
            if not stat.S_ISREG(facts.st_mode):
                raise FileNotFoundError(path)
            return None, (os.fdopen(handle, "rb"), ((0, facts.st_size),), facts.st_mtime)
        except OSError:
            os.close(handle)
            raise


class Image:
    """The files of an ISO image, at their places in it."""

    def __init__(self, path, reader):
        self.path = os.path.realpath(path)
        self._source = open(self.path, "rb")  # noqa: SIM115  (open as long as this serves)
        facts = os.fstat(self._source.fileno())
        try:
            self._iso = reader.Iso(self._source)
        except ValueError as error:
            raise Refusal(
                "{} is not an ISO image: {}".format(path, error), "give an installation disc, or a directory"
            )
        if self._iso.size > facts.st_size:
            text = "{} is truncated: {} of {} bytes present".format(path, facts.st_size, self._iso.size)
            raise Refusal(text, "copy it again, and compare its checksum with the published one")
        self._mtime = facts.st_mtime
        self._lock = threading.Lock()  # its reader seeks
        self.identity = "{} {} {}".format(self.path, facts.st_size, facts.st_mtime_ns)

    def find(self, path):
        """As of Directory."""
        try:
            with self._lock:
                record = self._iso.find(path)
                if record.directory:
                    return self._iso.names(path), None
        except ValueError as error:  # BadIso
            raise OSError(5, str(error))
        return None, (open(self.path, "rb"), record.extents, self._mtime)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "offkit"
    sys_version = ""
    timeout = SOCKET_TIMEOUT

    def do_GET(self):
        self._answer(True)

    def do_HEAD(self):
        self._answer(False)

    def _answer(self, body):
        self.server.begin()
        self.sent = 0
        try:
            try:
                names, found = self._find()
            except PermissionError:
                self._words(403, "Forbidden", body)
            except (OSError, ValueError):
                self._words(404, "Not Found", body)
            else:
                if found is None:
                    self._listing(names, body)
                else:
                    with found[0]:
                        self._file(found, body)
        except (OSError, EOFError) as error:  # the client went away, or the medium did
            self.close_connection = True
            self.server.log(
                "{} {} {!r} broken off after {} bytes: {}".format(
                    self.client_address[0], self.command, self.path, self.sent, error
                )
            )
        finally:
            self.server.end()

    def _path(self):
        """Of the request line, without a query; a path may begin with two slashes."""
        return re.sub(r"^https?://[^/]*|[?#].*$", "", self.path)

    def _find(self):
        path = os.fsdecode(unquote_to_bytes(self._path()))
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts or "\0" in path:
            raise ValueError(path)
        trees = self.server.trees
        if "" in trees:
            return trees[""].find("/".join(parts))
        if not parts:
            return sorted(trees), None
        if parts[0] not in trees:
            raise FileNotFoundError(path)
        return trees[parts[0]].find("/".join(parts[1:]))

    def _file(self, found, body):
        source, pieces, mtime = found
        size = sum(length for _, length in pieces)
        etag = '"{:x}-{:x}"'.format(int(mtime * 1000), size)
        first, last = 0, size - 1
        status = 200
        asked = RANGE.fullmatch(self.headers.get("Range", "").strip())
        if asked and asked.group(0) != "bytes=-" and self.headers.get("If-Range", etag).strip() == etag:
            status = 206
            if not asked.group(1):
                first = max(0, size - int(asked.group(2)))
            else:
                first = int(asked.group(1))
                last = min(last, int(asked.group(2))) if asked.group(2) else last
            if first > last:
                status = 416
        self.send_response(status)
        self.send_header("Accept-Ranges", "bytes")
        if status == 416:
            self.send_header("Content-Range", "bytes */{}".format(size))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if status == 206:
            self.send_header("Content-Range", "bytes {}-{}/{}".format(first, last, size))
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Last-Modified", email.utils.formatdate(mtime, usegmt=True))
        self.send_header("ETag", etag)
        self.end_headers()
        if body:
            self._send(source, pieces, first, last - first + 1)

    def _send(self, source, pieces, first, rest):
        for offset, length in pieces:
            if first >= length:
                first -= length
                continue
            source.seek(offset + first)
            now = min(length - first, rest)
            first, rest = 0, rest - now
            while now:
                chunk = source.read(min(CHUNK, now))
                if not chunk:
                    raise EOFError("the medium ends there")
                self.wfile.write(chunk)
                self.sent += len(chunk)
                now -= len(chunk)

    def _listing(self, names, body):
        top = "/" + self._path().strip("/")
        rows = [
            '<li><a href="{}">{}</a></li>\n'.format(
                quote(
                    posixpath.join("/", os.fsdecode(unquote_to_bytes(top)), name).encode(
                        "utf-8", "surrogateescape"
                    )
                ),
                html.escape(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")),
            )
            for name in names
        ]
        page = "<!DOCTYPE html>\n<meta charset=utf-8>\n<title>files</title>\n<ul>\n{}</ul>\n".format(
            "".join(rows)
        )
        self._whole(200, "text/html; charset=utf-8", page.encode("utf-8"), body)

    def _words(self, status, text, body):
        self._whole(status, "text/plain", (text + "\n").encode("ascii"), body)

    def _whole(self, status, kind, data, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_request(self, code="-", size="-"):
        self.server.log(
            "{} {} {!r} {} {}".format(
                self.client_address[0],
                self.command,
                self.path,
                int(code),
                self.headers.get("Range", "-") if self.headers else "-",
            )
        )

    def log_error(self, *args):
        """Every request has its line already."""


class Server(ThreadingMixIn, HTTPServer):
    """All connections, and how long it is since the last one asked."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address, port, trees):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.trees = trees
        self.busy = 0
        self.asked = time.monotonic()
        self.lock = threading.Lock()
        self.book = None
        super().__init__((address, port), Handler)

    def server_bind(self):
        """Without HTTPServer's, which asks a name server for this host's name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]

    @property
    def url(self):
        name = self.server_address[0]
        return "http://{}:{}".format("[" + name + "]" if ":" in name else name, self.server_address[1])

    def begin(self):
        with self.lock:
            self.busy += 1

    def end(self):
        with self.lock:
            self.busy -= 1
            self.asked = time.monotonic()

    def log(self, text):
        if self.book is not None:
            self.book.write("{} {}\n".format(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text))

    def handle_error(self, request, client_address):
        """A connection that broke: nothing to tell anybody."""


class State:
    """The directory of one server: serve.json, which says what it serves; a log; a lock that it holds."""

    def __init__(self, path):
        self.path = path
        self.json, self.log = os.path.join(path, "serve.json"), os.path.join(path, "serve.log")

    def make(self):
        try:
            os.makedirs(self.path, 0o755, exist_ok=True)
            facts = os.lstat(self.path)
        except OSError as error:
            raise Refusal(
                "{} cannot be created: {}".format(self.path, error.strerror), "choose another --state"
            )
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
            raise Refusal(
                "{} is not this user's alone".format(self.path), "remove it, or choose another --state"
            )

    def hold(self, patience=0):
        """The lock as an open file; None while another server has it."""
        handle = open(os.path.join(self.path, "lock"), "w")  # noqa: SIM115  (held until the process ends)
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return handle
            except OSError:
                if time.monotonic() >= until:
                    handle.close()
                    return None
                time.sleep(0.1)

    def read(self):
        try:
            with open(self.json, encoding="utf-8") as source:
                return json.load(source)
        except (OSError, ValueError):
            return {}

    def write(self, content):
        with open(self.json + ".tmp", "w", encoding="utf-8") as sink:
            json.dump(content, sink)
        os.replace(self.json + ".tmp", self.json)

    def dismiss(self):
        """Let the server that runs know that it is to end; the lock, once it has."""
        for path in (self.json, self.json + ".tmp"):
            if os.path.exists(path):
                os.unlink(path)
        held = self.hold(PATIENCE)
        if held is None:
            raise Refusal(
                "the server of {} does not stop".format(self.path),
                "see the processes that have its lock open",
            )
        return held

    def forget(self):
        """Everything of it."""
        for name in ("serve.json", "serve.json.tmp", "serve.log", "lock"):
            path = os.path.join(self.path, name)
            if os.path.exists(path):
                os.unlink(path)
        with contextlib.suppress(OSError):  # somebody put something there: it stays
            os.rmdir(self.path)


def trees_of(words, offkit):
    """{name: Directory or Image}; one without a name stands at the top, and alone."""
    found = {}
    for word in words:
        name, _, path = word.rpartition("=") if re.match(r"[A-Za-z0-9._-]*=", word) else ("", "", word)
        if os.path.isdir(path):
            found[name] = Directory(path)
        elif os.path.isfile(path):
            found[name] = Image(path, reader(path, offkit))
        else:
            raise Refusal(
                "{} does not exist on {}".format(path, socket.gethostname()),
                "give the ISO or the directory there",
            )
    if "" in found and len(found) > 1:
        raise Refusal("each of several media needs a name", "name them NAME=PATH, as el7=/srv/CentOS-7.iso")
    return found


def reader(path, offkit):
    """offkit's module that reads images."""
    if offkit:
        sys.path.insert(0, offkit)
    try:
        from offkit.media import iso9660
    except ImportError:
        fix = "deploy to this host first, or mount the image and give the directory"
        raise Refusal("{} is a file, and no offkit here can read it".format(path), fix)
    return iso9660


def repositories_of(trees):
    """{name: [paths with a repodata/]}; raises Refusal for a medium without one."""
    found = {}
    for name, tree in trees.items():
        found[name] = []
        for base in ("", "AppStream", "BaseOS"):
            try:
                _, file = tree.find(posixpath.join(base, REPOMD))
            except OSError:
                continue
            if file is not None:
                file[0].close()
                found[name].append(base)
        if not found[name]:
            text = "{} has no {} in its top directory, AppStream or BaseOS".format(
                tree.identity.split(" ")[0], REPOMD
            )
            raise Refusal(text, "give an installation disc that has packages, or a directory with its files")
    return found


def start(arguments):
    """The answer, in the process that was called; the server goes on in the background."""
    trees = trees_of(arguments.media, arguments.offkit)
    repositories = repositories_of(trees)
    state = State(arguments.state)
    state.make()
    wish = {
        "address": arguments.address,
        "port": arguments.port,
        "idle": arguments.idle,
        "media": {name: tree.identity for name, tree in trees.items()},
    }
    held = state.hold()
    if held is None:
        running = state.read()
        if running.get("wish") == wish:
            os.utime(state.json)  # as good as a request
            return dict(running["answer"], changed=False)
        held = state.dismiss()
    try:
        server = Server(arguments.address, arguments.port, trees)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        text = "cannot serve at {} port {}: {}".format(arguments.address, arguments.port, why)
        raise Refusal(text, "choose one of this host's addresses and a free port")
    answer = {"changed": True, "url": server.url, "log": state.log, "repositories": repositories}
    sys.stdout.flush()
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            pid = pipe.read()
        if not pid:
            raise Refusal("the server ended at once", "see {}".format(state.log))
        return dict(answer, pid=int(pid))
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(reading)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    answer["pid"] = os.getpid()
    server.book = open(state.log, "a", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    state.write({"wish": wish, "answer": answer})
    os.write(writing, str(os.getpid()).encode("ascii"))
    os.close(writing)
    attend(server, state, held, arguments)
    os._exit(0)


def attend(server, state, held, arguments):
    """Serve until nobody has asked for a while, or the state file is gone or another's."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": TICK}, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    seen = 0.0
    server.log("serving at {}".format(server.url))
    try:
        while True:
            time.sleep(TICK)
            try:
                touched = os.stat(state.json).st_mtime
            except OSError:
                break
            if touched != seen:
                if state.read().get("answer", {}).get("pid") != os.getpid():
                    break
                seen, server.asked = touched, time.monotonic()
            with server.lock:
                if not server.busy and time.monotonic() - server.asked > arguments.idle:
                    break
    finally:
        server.log("ended")
        server.socket.close()
        if state.read().get("answer", {}).get("pid") == os.getpid():
            os.unlink(state.json)
        if arguments.forget:
            state.forget()
        held.close()


def stop(arguments):
    """The answer; changed where a server was running."""
    state = State(arguments.state)
    if not os.path.isdir(state.path):
        return {"changed": False}
    held = state.hold()
    changed = held is None
    if held is None:
        held = state.dismiss()
    held.close()
    if arguments.forget:
        state.forget()
    return {"changed": changed}


def main(words=None):
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("media", nargs="*", metavar="[NAME=]PATH", help="an ISO image or a directory")
    parser.add_argument("--state", required=True, metavar="DIR", help="where it writes its state and its log")
    parser.add_argument("--address", default="", help="the address that it listens at")
    parser.add_argument("--port", type=int, default=8017)
    parser.add_argument(
        "--idle",
        type=int,
        default=900,
        metavar="SECONDS",
        help="ends after so many seconds without a request",
    )
    parser.add_argument(
        "--offkit", default="", metavar="DIR", help="the directory of the package offkit, or offkit.pyz"
    )
    parser.add_argument("--forget", action="store_true", help="no log is kept either")
    parser.add_argument("--stop", action="store_true", help="end the server of that --state")
    arguments = parser.parse_args(words)
    try:
        if not arguments.stop and not arguments.media:
            raise Refusal("nothing to serve was given", "give an ISO image or a directory")
        if not arguments.stop and not arguments.address:
            fix = "give the address at which the others reach this host (--address; offkit_media_address)"
            raise Refusal("no address to serve at was given", fix)
        answer = stop(arguments) if arguments.stop else start(arguments)
    except Refusal as error:
        answer = {"error": str(error), "fix": error.fix}
    except OSError as error:
        answer = {"error": str(error), "fix": "correct this and run it again"}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 1 if "error" in answer else 0


if __name__ == "__main__":
    sys.exit(main())
