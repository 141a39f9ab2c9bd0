"""Modules that do what no module should when it is imported, and what 'offkit smoke' says of each."""

import io
import zipfile

import bundle_maker
import prefix_maker

# name: (source, code, message); "" where there is nothing to say. A message may go on.
ODD = {
    "fine": ("import os\nopen(os.path.expanduser('~/.fine'), 'w').write('x')\n", "", ""),
    "stays": ("import threading\nthreading.Thread(target=threading.Event().wait).start()\n", "", ""),
    "raises": (
        "raise ValueError('no\\nmore') from OSError('lost')\n",
        "SMOKE001",
        "cannot be imported: ValueError: no, because of OSError: lost",
    ),
    "mute": (
        "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\nraise Mute\n",
        "SMOKE001",
        "cannot be imported: Mute (mute/__init__.py, line 4)",
    ),
    "round": (
        "error = ValueError('round')\nerror.__cause__ = error\nraise error\n",
        "SMOKE001",
        "cannot be imported: ValueError: round (round/__init__.py, line 3)",
    ),
    "vast": ("raise ValueError('x' * (1 << 24))\n", "SMOKE001", "cannot be imported: ValueError: xxx"),
    "newer": ("this is no Python\n", "SMOKE001", "cannot be imported: SyntaxError: invalid syntax"),
    "library": (
        "raise ImportError('liboff.so.1: cannot open shared object file: No such file or directory')\n",
        "SMOKE001",
        "cannot be imported: ImportError: liboff.so.1: cannot open shared object file",
    ),
    "exits": (
        "import sys\nprint('usage: none')\nsys.exit(0)\n",
        "SMOKE002",
        "cannot be imported: SystemExit: 0 (exits/__init__.py, line 3)",
    ),
    "leaves": (
        "import os\nprint('bye', flush=True)\nos._exit(0)\n",
        "SMOKE002",
        "ends the interpreter that imports it: ended with 0: bye",
    ),
    "crashes": (
        "import ctypes\nctypes.string_at(0)\n",
        "SMOKE002",
        "ends the interpreter that imports it: killed by SIGSEGV (crashes/__init__.py, line 2)",
    ),
    "aborts": (
        "import os\nos.write(2, b'what():  no good\\n')\nos.abort()\n",
        "SMOKE002",
        "ends the interpreter that imports it: killed by SIGABRT: what():  no good (aborts/__init__.py, line 3)",
    ),
    "hangs": (
        "import threading\nthreading.Event().wait()\n",
        "SMOKE003",
        "was not imported within 3 s (hangs/__init__.py, line 2)",
    ),
    "deaf": (
        "import faulthandler, signal, threading\nfaulthandler.cancel_dump_traceback_later()\n"
        "for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\nthreading.Event().wait()\n",
        "SMOKE003",
        "was not imported within 3 s",
    ),
    "calls": (
        "import socket\nsocket.create_connection(('192.0.2.1', 80), 60)\n",
        "SMOKE004",
        "cannot be imported without a network: OSError: [Errno 101] Network is unreachable",
    ),
    "asks": (
        "input('name? ')\n",
        "SMOKE005",
        "cannot be imported without an answer on stdin: EOFError: EOF when reading a line (asks/",
    ),
    "shows": (
        "import os\nos.environ['DISPLAY']\n",
        "SMOKE005",
        "cannot be imported without a display: KeyError: 'DISPLAY' (shows/",
    ),
    "prints": (
        "for n in range(300000): print('x' * 20)\n",
        "SMOKE006",
        "was imported, but printed 6.",
    ),
    "forks": (
        "import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(100000)\n",
        "SMOKE006",
        "was imported, but left processes running, which were ended",
    ),
}


def generation(prefix, wheels, checks=(), series=prefix_maker.SERIES, number=1):
    """A generation with these wheels and these checks (name, text), of the Python that runs the tests; its path."""
    name = prefix_maker.generation(prefix, number)
    root = prefix / "generations" / name
    for _, body in wheels:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            archive.extractall(str(root / "lib" / series / "site-packages"))
    for check, text in checks:
        (root / "offkit" / "smoke").mkdir(exist_ok=True)
        (root / "offkit" / "smoke" / check).write_bytes(text.encode("utf-8"))
    return root


def wheel(name, text, **more):
    """Of a package with that text."""
    return bundle_maker.wheel(name, files={name + "/__init__.py": text.encode("utf-8")}, **more)


def odd(*names):
    """The wheels of those."""
    return [wheel(name, ODD[name][0]) for name in names or ODD]
