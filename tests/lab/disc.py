"""Installation discs in the shapes of CentOS 7 and of Enterprise Linux 8 and 9, signed."""

import functools
import glob
import os
import re
import shutil
import subprocess

import base
import cache
import devel_rpms
import python_rpms
import rpms
from flavours import FLAVOURS, release
from offkit.online.carry import repo_file

# Where the real discs have their packages: el7 all at the top, later ones in two repositories.
_APPSTREAM = {"python36", "fontconfig", "freetype", "libatomic", "gcc", "tk-devel", "tcl-devel"}
# What the Minimal disc goes without: all that the group "Minimal" does not need.
_NOT_MINIMAL = re.compile(
    r"python3|gcc$|make$|.*-devel$|libX|libxcb|libSM|libICE|libglvnd|freetype|fontconfig"
)
_MODULES = """\
---
document: modulemd
version: 2
data:
  name: python36
  stream: "3.6"
  version: 8100020240101000000
  context: 17efdbc7
  arch: x86_64
  summary: Python programming language, version 3.6
  description: >-
    Made for tests.
  license:
    module: [MIT]
  dependencies:
    - requires:
        platform: [{platform}]
  profiles:
    common:
      rpms: [python36]
  artifacts:
    rpms:
      - {nevra}
...
---
document: modulemd-defaults
version: 1
data:
  module: python36
  stream: "3.6"
  profiles:
    "3.6": [common]
...
"""


def iso(el=7, minimal=False):
    """The cached, signed disc image of that EL; ``minimal`` is the one without Python, gcc and X11."""
    source = tree(el, minimal)
    recipe = (source, cache.source(write))
    name = "{}{}.iso".format(FLAVOURS[el].dist, "minimal" * minimal)
    return cache.kept(name, recipe, lambda path: write(path, source, FLAVOURS[el]))


def tree(el=7, minimal=False):
    """The cached directory that the disc is made of."""
    flavour = FLAVOURS[el]
    packages = [*base.donated(el), *python(el), *devel_rpms.packages(el)]
    if minimal:
        packages = [each for each in packages if not _NOT_MINIMAL.match(each.name)]
    recipe = (rpms.key(), repr(flavour), repr(packages), _MODULES, cache.source(rpms, _arrange, repodata))
    name = "disc{}{}".format(FLAVOURS[el].dist, "minimal" * minimal)
    return cache.kept(name, recipe, lambda path: _arrange(path, flavour, packages))


def python(el):
    """The RPMs with that EL's Python; none when this machine has no such Python."""
    series, command, libraries = FLAVOURS[el].python
    modular = command == "python36"
    number = "1.module_el8.10.0+1+17efdbc7" if modular else "1." + FLAVOURS[el].dist
    return python_rpms.packages(series, command, libraries, number, ["python3"] if modular else [])


@functools.cache
def mountable(image):
    """Whether mount -o loop,ro takes it here: some kernels have no iso9660, some containers no loop device."""
    tried = subprocess.run(
        ["unshare", "-m", "mount", "-o", "loop,ro", image, "/mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0


def unpack(image, folder):
    """Everything in an image into a new directory, which can be bound where mounting is not to be had."""
    os.makedirs(folder)
    cache.run(["bsdtar", "-xf", image, "-C", folder])


def unpacked(image):
    """The cached directory with everything in one of the lab's own images."""
    name = "unpacked-" + os.path.basename(image).split("-")[0]
    return cache.kept(name, (image,), lambda path: unpack(image, path))


def altered(el, change, folder, anew=True):
    """An image in ``folder`` with the tree of a disc after ``change(directory of its packages)``.

    Its repodata is made ``anew``, so it is a disc that somebody built; else it is one that was damaged.
    """
    copy = os.path.join(folder, "disc")
    shutil.copytree(tree(el), copy, symlinks=True)
    tops = [os.path.join(copy, owner) for owner in FLAVOURS[el].folders or [""]]
    for top in tops:
        change(os.path.join(top, "Packages"))
        if anew:
            shutil.rmtree(os.path.join(top, "repodata"))
            repodata(top)
    image = os.path.join(folder, "altered.iso")
    write(image, copy, FLAVOURS[el])
    return image


def _arrange(path, flavour, packages):
    built = rpms.build(packages, flavour.el, path + ".rpms")
    rpms.sign(built)
    os.makedirs(path)
    if not flavour.folders:
        for each in built:
            _move(each, os.path.join(path, "Packages"))
    else:
        for each in built:
            name = os.path.basename(each)
            owner = "AppStream" if name.rsplit("-", 2)[0] in _APPSTREAM else "BaseOS"
            _move(each, os.path.join(path, owner, "Packages", name[0].lower()))
        media = "[InstallMedia-{0}]\nname={1} - {0}\nmediaid=None\nmetadata_expire=-1\ngpgcheck=0\ncost=500\n"
        base.write(
            path, "media.repo", "\n".join(media.format(each, flavour.label) for each in flavour.folders)
        )
    if release(flavour.el).media.key:
        shutil.copy(rpms.public_key(), os.path.join(path, flavour.key))
    for name, text in flavour.top:
        base.write(path, name, text)
    for owner in flavour.folders or [""]:
        repodata(os.path.join(path, owner))
    for each in glob.glob(os.path.join(path, "AppStream", "Packages", "p", "python36-*.rpm")):
        _modules(os.path.join(path, "AppStream"), each, flavour.os_release["PLATFORM_ID"])
    cache.remove(path + ".rpms")


def repodata(folder):
    """As on CentOS 7: XML in gz, and sqlite; new versions of createrepo_c would write zst."""
    cache.run(["createrepo_c", "--quiet", "--compatibility", "--database", folder])


def _modules(folder, rpm, platform):
    """python36 is a module on el8: yum finds it only through this metadata."""
    nevra = cache.run(["rpm", "-qp", "--nosignature", "--qf", "%{N}-0:%{V}-%{R}.%{ARCH}", rpm]).strip()
    description = os.path.join(folder, "modules.yaml")
    with open(description, "w", encoding="utf-8") as target:
        target.write(_MODULES.format(nevra=nevra, platform=platform.partition(":")[2]))
    cache.run(["modifyrepo_c", "--mdtype=modules", description, os.path.join(folder, "repodata")])
    os.unlink(description)


def _move(path, folder):
    os.makedirs(folder, exist_ok=True)
    shutil.move(path, folder)


def write(path, tree_path, flavour):
    """A directory as a disc image, with the options that CentOS's own discs are made with."""
    flags = ["-quiet", "-V", flavour.label, "-R", "-J", "-joliet-long", "-T"]
    cache.run(["xorriso", "-as", "mkisofs", *flags, "-o", path, tree_path])


def repository(el, mount="/mnt/offkit-iso"):
    """offkit's .repo file for that EL's disc, as it stands in a bundle; "" where none is known."""
    text = "".join(repo_file.members(release(el), mount).values())
    return text.replace("{gpgkey}", "file:///etc/pki/rpm-gpg/" + FLAVOURS[el].key)
