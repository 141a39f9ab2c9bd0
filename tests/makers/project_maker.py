"""Source trees with a backend of their own (PEP 517, backend-path), so that building them needs no index."""

import gzip
import io
import tarfile
import textwrap
from pathlib import Path

# A backend in thirty lines; what it makes is steered by constants that stand ahead of it.
BACKEND = """
import base64, hashlib, io, os, sys, tarfile, zipfile

INFO = NAME + "-" + VERSION

def metadata():
    lines = ["Metadata-Version: 2.1", "Name: " + NAME, "Version: " + VERSION]
    return "\\n".join(lines + ["Requires-Dist: " + one for one in REQUIRES]) + "\\n"

def get_requires_for_build_wheel(config_settings=None):
    return list(MORE)

def get_requires_for_build_sdist(config_settings=None):
    return []

def build_wheel(directory, config_settings=None, metadata_directory=None):
    exec(FIRST)
    filename = "%s-%s.whl" % (INFO, TAG)
    contents = dict(FILES)
    contents[NAME.replace("-", "_") + ".py"] = open("code.py", "rb").read()
    contents[INFO + ".dist-info/METADATA"] = metadata().encode()
    contents[INFO + ".dist-info/WHEEL"] = ("Wheel-Version: 1.0\\nRoot-Is-Purelib: %s\\nTag: %s\\n" % (PURE, TAG)).encode()
    rows = []
    for name, data in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append("%s,sha256=%s,%d\\n" % (name, digest, len(data)))
    contents[INFO + ".dist-info/RECORD"] = ("".join(rows) + INFO + ".dist-info/RECORD,,\\n").encode()
    with zipfile.ZipFile(os.path.join(directory, filename), "w") as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return filename

def build_sdist(directory, config_settings=None):
    filename = INFO + ".tar.gz"
    with tarfile.open(os.path.join(directory, filename), "w:gz") as archive:
        for name in sorted(os.listdir(".")):
            if os.path.isfile(name) and name not in LEFT_OUT:
                archive.add(name, INFO + "/" + name)
    return filename
"""


def project(
    name="app",
    version="1.0",
    requires=(),
    first="",
    more=(),
    tag="py3-none-any",
    pure="true",
    files=None,
    build_requires=(),
    info="",
    table="",
    left_out=(),
):
    """{path: text} of a tree. ``first`` is run before the wheel is built, with the interpreter's ``sys``;
    ``requires`` may be an expression in a string; ``more`` are build requirements that the backend tells,
    ``info`` is its PKG-INFO, ``table`` what else pyproject.toml has, ``left_out`` are files that its sdist
    has not."""
    constants = {
        "NAME": name,
        "VERSION": version,
        "FIRST": textwrap.dedent(first),
        "MORE": tuple(more),
        "TAG": tag,
        "PURE": pure,
        "FILES": files or {},
        "LEFT_OUT": tuple(left_out),
    }
    text = "".join("{} = {!r}\n".format(key, value) for key, value in constants.items())
    shown = requires if isinstance(requires, str) else repr(tuple(requires))
    found = {
        "pyproject.toml": "[build-system]\nrequires = {}\nbuild-backend = 'backend'\nbackend-path = ['.']\n{}".format(
            list(build_requires), table
        ),
        "backend.py": "import sys\n" + text + "REQUIRES = " + shown + "\n" + BACKEND,
        "code.py": "VALUE = 1\n",
    }
    if info:
        found["PKG-INFO"] = info
    return found


def tree(directory, **more):
    """The directory, with ``project(**more)`` in it."""
    directory = Path(str(directory))
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in project(**more).items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def sdist(name="app", version="1.0", **more):
    """(file name, bytes) of a source distribution of it; the same each time."""
    stem = "{}-{}".format(name, version)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for path, text in project(name, version, **more).items():
            member = tarfile.TarInfo(stem + "/" + path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as sink:
        sink.write(plain.getvalue())
    return stem + ".tar.gz", packed.getvalue()
