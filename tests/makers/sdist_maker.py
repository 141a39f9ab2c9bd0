"""Sources with C code, and a build backend for them that is no larger than what it has to do."""

import functools
import hashlib
import io
import json
import os
import shutil
import sysconfig
import tarfile
from typing import Dict, Optional, Sequence, Tuple

import bundle_maker
from offkit.model import layout, sources
from offkit.model.sources import Source

# gcc as the environment names it, no setuptools: what setuptools would do with it is not the matter here.
BACKEND = """
import json, os, subprocess, sysconfig, zipfile

def _info():
    with open("project.json") as source:
        return json.load(source)

def _stem():
    return "{name}-{version}".format(**_info())

def _metadata():
    lines = ["Metadata-Version: 2.1", "Name: " + _info()["name"], "Version: " + _info()["version"]]
    return "\\n".join(lines + ["Requires-Dist: " + one for one in _info()["requires"]]) + "\\n"

def prepare_metadata_for_build_wheel(directory, config_settings=None):
    made = os.path.join(directory, _stem() + ".dist-info")
    os.mkdir(made)
    with open(os.path.join(made, "METADATA"), "w") as sink:
        sink.write(_metadata())
    return os.path.basename(made)

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name, extension = _info()["name"], _info()["name"] + sysconfig.get_config_var("EXT_SUFFIX")
    include = "-I" + sysconfig.get_paths()["include"]
    command = [os.environ["CC"], "-shared", "-fPIC", include, name + ".c", "-o", extension]
    print(" ".join(command), flush=True)
    if subprocess.call(command):
        raise SystemExit("error: command 'gcc' failed")
    series = sysconfig.get_config_var("SOABI").split("-")[1]
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    tag = "cp{}-cp{}-{}".format(series.rstrip("m"), series, platform)
    wheel = "{}-{}.whl".format(_stem(), tag)
    info = _stem() + ".dist-info/"
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as archive:
        archive.write(extension, extension)
        archive.writestr(info + "METADATA", _metadata())
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: " + tag + "\\n")
        archive.writestr(info + "RECORD", "{},,\\n{}METADATA,,\\n{}WHEEL,,\\n{}RECORD,,\\n".format(
            extension, info, info, info))
    return wheel
"""
CODE = """#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *nothing) {{ return PyLong_FromLong(42); }}
static PyMethodDef methods[] = {{{{"answer", answer, METH_NOARGS, ""}}, {{NULL, NULL, 0, NULL}}}};
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "{0}", NULL, -1, methods}};
PyMODINIT_FUNC PyInit_{0}(void) {{ return PyModule_Create(&module); }}
"""


@functools.lru_cache(maxsize=None)
def backend() -> Tuple[str, bytes]:
    """The build requirement: a wheel."""
    return bundle_maker.wheel("gccback", "1.0", {"gccback.py": BACKEND.encode("ascii")})


def sdist(
    name: str,
    version: str = "1.0",
    code: Optional[str] = None,
    requires: Sequence[str] = (),
    static: bool = True,
    builders: Sequence[str] = ("gccback",),
) -> Tuple[str, bytes]:
    """(file name, bytes) of a source with one extension module, called as itself. ``static``: PKG-INFO says
    that its metadata are what a build would say (PEP 643); ``builders`` are its build requirements."""
    needed = json.dumps(list(builders))
    stem = "{}-{}".format(name, version)
    info = "Metadata-Version: {}\nName: {}\nVersion: {}\n".format("2.2" if static else "2.1", name, version)
    info += "".join("Requires-Dist: {}\n".format(one) for one in requires)
    return stem + ".tar.gz", packed(
        {
            stem + "/PKG-INFO": info,
            stem + "/pyproject.toml": "[build-system]\nrequires = {}\nbuild-backend = 'gccback'\n".format(
                needed
            ),
            stem + "/project.json": json.dumps(
                {"name": name, "version": version, "requires": list(requires)}
            ),
            stem + "/{}.c".format(name): CODE.format(name) if code is None else code,
        }
    )


def packed(files: Dict[str, str]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode("utf-8"))
            archive.addfile(info, io.BytesIO(text.encode("utf-8")))
    return sink.getvalue()


def lacks() -> str:
    """Why nothing can be compiled on this machine; "" where it can."""
    header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
    missing = [
        name for name, there in (("gcc", shutil.which("gcc")), (header, os.path.exists(header))) if not there
    ]
    return " and ".join(missing) + " missing" if missing else ""


def bundle(*made: Tuple[str, bytes], **more: object) -> bundle_maker.Made:
    """A bundle for this machine with these sources, the wheel that builds them, and pip. ``wheels`` are
    others, ``headers`` are wanted by each source, ``programs`` too."""
    wheels = dict([bundle_maker.pip_wheel(), *more.get("wheels", ())])  # type: ignore[misc]
    name, data = backend()
    lock = "gccback==1.0 --hash=sha256:{}\n".format(hashlib.sha256(data).hexdigest())
    extra = {layout.BUILD_WHEELS + name: data}
    pins, carried = bundle_maker.requirements(wheels).decode("ascii"), []
    for filename, contents in made:
        project, version = filename[: -len(".tar.gz")].rsplit("-", 1)
        one = Source(
            project,
            version,
            layout.SOURCES + filename,
            layout.SOURCES + filename[: -len(".tar.gz")] + ".build.txt",
            tuple(more.get("programs", ("gcc",))),  # type: ignore[arg-type]
            tuple(more.get("headers", ())),  # type: ignore[arg-type]
            ("gcc",),
        )
        carried.append(one)
        extra.update({one.member: contents, one.lock: str(more.get("lock", lock)).encode("ascii")})
        pins += "{}=={} --hash=sha256:{}\n".format(project, version, hashlib.sha256(contents).hexdigest())
    extra[layout.REQUIREMENTS] = pins.encode("ascii")
    options = sources.to_options(carried)
    return bundle_maker.make(wheels, bundle_maker.this_machine(), extra, options=options)
