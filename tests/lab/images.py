"""Images of servers, in podman's own store for a test: there is no registry to pull from."""

import json
import os
import shutil
import subprocess

import bare
from flavours import FLAVOURS

# What podman asks for by default a machine need not allow: raised limits want CAP_SYS_RESOURCE (setrlimit(2)),
# and crun none of the hybrid hierarchies of cgroups.
_LIMITS = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
_CONFIGURATIONS = ("", _LIMITS, _LIMITS + '[engine]\nruntime = "runc"\n')


def root(folder, el, series):
    """A root file system at ``folder`` that says it is of that release, with that CPython."""
    bare.make(folder, series)
    lines = ['{}="{}"'.format(*each) for each in FLAVOURS[el].os_release.items()]
    bare.write(folder, "etc/os-release", "\n".join(lines) + "\n")
    shutil.copy2(shutil.which("timeout", path="/usr/bin:/bin"), os.path.join(folder, "usr/bin/timeout"))
    return folder


class Podman:
    """podman with a store below ``folder``; ``environment`` is for whoever is to use the same."""

    def __init__(self, folder):
        self.folder = folder
        store = '[storage]\ndriver = "vfs"\ngraphroot = "{0}/images"\nrunroot = "{0}/run"\n'
        self._write("storage.conf", store.format(folder))
        self._write("containers.conf", "")
        self.environment = {
            "CONTAINERS_STORAGE_CONF": os.path.join(folder, "storage.conf"),
            "CONTAINERS_CONF": os.path.join(folder, "containers.conf"),
        }

    def reason(self, name):
        """Why that image cannot be run on this machine, or ""."""
        for text in _CONFIGURATIONS:
            self._write("containers.conf", text)
            done = self.run("run", "--rm", "--pull=never", "--network=none", name, "true")
            if done.returncode == 0:
                return ""
        return "podman runs nothing here: {}".format(done.stderr.strip())

    def take(self, folder, name):
        """Import a root file system."""
        with subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE) as packed:
            done = self.run("import", "-q", "-", name, stdin=packed.stdout)
        assert done.returncode == 0, done.stderr

    def digest(self, name):
        return json.loads(self.run("image", "inspect", name).stdout)[0]["Digest"]

    def containers(self):
        """All there are, running or not."""
        return self.run("ps", "--all", "--quiet").stdout.split()

    def run(self, *words, stdin=subprocess.DEVNULL):
        env = dict(os.environ, **self.environment)
        return subprocess.run(
            ["podman", *words], env=env, stdin=stdin, capture_output=True, text=True, check=False
        )

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as target:
            target.write(text)
