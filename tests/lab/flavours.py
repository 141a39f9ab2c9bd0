"""What distinguishes the servers in the lab, as data: one at least for each file of repo-config/releases."""

from typing import Dict, NamedTuple, Tuple, Union

from offkit.edges import releases

XZ, ZSTD = "w2.xzdio", "w3.zstdio"  # how payloads are packed


class Flavour(NamedTuple):
    el: Union[int, str]  # major of Enterprise Linux, or what others are called
    os_release: Dict[str, str]
    redhat_release: str
    release_package: str  # what carries the key and the stock repository files
    version: str
    key: str  # under /etc/pki/rpm-gpg/, and at the top of an el7 disc
    stock: Tuple[str, str]  # a repository file that every such server has; it needs a network
    python: Tuple[str, str, str]  # series, the package with the command, the one with the libraries
    label: str  # of the disc
    payload: str
    dist: str  # at the end of a package's release
    names: str  # the column of libraries.csv
    folders: Tuple[str, ...] = ("BaseOS", "AppStream")  # with a repository each; (): the disc's top is one
    top: Tuple[Tuple[str, str], ...] = ()  # files at the top of the disc, for installers
    told: str = "etc/redhat-release"  # the file that says it
    genuine: bool = True  # its C library says that it is of the version that the release's file has
    variables: Tuple[Tuple[str, str], ...] = ()  # of yum, in /etc/yum/vars
    future: str = ""  # a second key, of a kind that this rpm cannot read


EL7 = Flavour(
    7,
    {
        "NAME": "CentOS Linux",
        "VERSION": "7 (Core)",
        "ID": "centos",
        "ID_LIKE": "rhel fedora",
        "VERSION_ID": "7",
        "PRETTY_NAME": "CentOS Linux 7 (Core)",
    },
    "CentOS Linux release 7.9.2009 (Core)",
    "centos-release",
    "7",
    "RPM-GPG-KEY-CentOS-7",
    (
        "CentOS-Base.repo",
        "[base]\nname=CentOS-$releasever - Base\n"
        "mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os\n"
        "gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7\n",
    ),
    ("3.6", "python3", "python3-libs"),
    "CentOS 7 x86_64",
    XZ,
    "el7",
    "el7",
    genuine=False,  # its stories want wheels for bookworm\'s
    folders=(),
    top=(("CentOS_BuildTag", "20201030-1\n"), (".discinfo", "1604001756.129500\n7.9\nx86_64\n")),
)
EL8 = Flavour(
    8,
    {
        "NAME": "Rocky Linux",
        "VERSION": "8.10 (Green Obsidian)",
        "ID": "rocky",
        "ID_LIKE": "rhel centos fedora",
        "VERSION_ID": "8.10",
        "PLATFORM_ID": "platform:el8",
        "PRETTY_NAME": "Rocky Linux 8.10 (Green Obsidian)",
    },
    "Rocky Linux release 8.10 (Green Obsidian)",
    "rocky-release",
    "8.10",
    "RPM-GPG-KEY-rockyofficial",
    (
        "Rocky-BaseOS.repo",
        "[baseos]\nname=Rocky Linux $releasever - BaseOS\n"
        "mirrorlist=https://mirrors.rockylinux.org/mirrorlist?arch=$basearch&repo=BaseOS-$releasever\n"
        "gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-rockyofficial\n",
    ),
    ("3.6", "python36", "python3-libs"),
    "Rocky-8-10-x86_64-dvd",
    XZ,
    "el8",
    "el8",
    genuine=False,
    top=((".discinfo", "1716000000.0\n8.10\nx86_64\n"),),
)
EL9 = Flavour(
    9,
    {
        "NAME": "AlmaLinux",
        "VERSION": "9.4 (Seafoam Ocelot)",
        "ID": "almalinux",
        "ID_LIKE": "rhel centos fedora",
        "VERSION_ID": "9.4",
        "PLATFORM_ID": "platform:el9",
        "PRETTY_NAME": "AlmaLinux 9.4 (Seafoam Ocelot)",
    },
    "AlmaLinux release 9.4 (Seafoam Ocelot)",
    "almalinux-release",
    "9.4",
    "RPM-GPG-KEY-AlmaLinux-9",
    (
        "almalinux-baseos.repo",
        "[baseos]\nname=AlmaLinux $releasever - BaseOS\n"
        "mirrorlist=https://mirrors.almalinux.org/mirrorlist/$releasever/baseos\n"
        "gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-AlmaLinux-9\n",
    ),
    ("3.9", "python3", "python3-libs"),
    "AlmaLinux-9-4-x86_64-dvd",
    ZSTD,
    "el9",
    "el9",
    genuine=False,
    top=((".discinfo", "1716000000.0\n9.4\nx86_64\n"),),
)

# productmd's, as far as anybody reads it.
_TREEINFO = """\
[general]
arch = x86_64
family = {family}
name = {family} {version}
packagedir = Packages
version = {version}
variant = {first}

[header]
type = productmd.treeinfo
version = 1.2

[release]
name = {family}
short = {family}
version = {version}

[tree]
arch = x86_64
build_timestamp = 1700000000
platforms = x86_64
variants = {variants}
"""
_VARIANT = """
[variant-{name}]
id = {name}
name = {name}
packages = {folder}Packages
repository = {folder}
type = variant
uid = {name}
"""


def _top(family, version, folders):
    """The files for installers of a disc with these repositories; at its top where there are none."""
    names = folders or (family.replace(" ", ""),)
    text = _TREEINFO.format(family=family, version=version, first=names[0], variants=",".join(names))
    text += "".join(_VARIANT.format(name=name, folder=name + "/" if folders else "./") for name in names)
    return (".discinfo", "1700000000.0\n{}\nx86_64\n".format(version)), (".treeinfo", text)


def _other(el, identity, python, **more):
    """A flavour by the lines of its os-release.

    ``stock`` is (its repository file, the line with the URL, that of the key); ``disc`` is what the disc says
    that it is: (family, version).
    """
    os_release = dict(line.split("=", 1) for line in identity.splitlines())
    name, url, key = more.pop("stock")
    section = "[{0}]\nname={0}\n{1}\ngpgcheck=1\nenabled=1\ngpgkey={2}\n"
    told = os_release["PRETTY_NAME"]
    folders = more.pop("folders", ())
    disc = more.pop("disc", None)
    return Flavour(
        el,
        os_release,
        more.pop("says", told),
        more.pop("release_package"),
        os_release["VERSION_ID"],
        more.pop("key"),
        (name, section.format(name.split(".")[0].lower(), url, key)),
        python,
        more.pop("label", told),
        more.pop("payload", ZSTD),
        more.pop("dist"),
        more.pop("names", "el9"),
        folders=folders,
        top=_top(*disc, folders) if disc else (),
        **more,
    )


EL10 = _other(
    10,
    """\
NAME=CentOS Stream
VERSION=10 (Coughlan)
RELEASE_TYPE=stable
ID=centos
ID_LIKE=rhel fedora
VERSION_ID=10
PLATFORM_ID=platform:el10
PRETTY_NAME=CentOS Stream 10 (Coughlan)
VENDOR_NAME=CentOS
REDHAT_SUPPORT_PRODUCT=Red Hat Enterprise Linux 10
REDHAT_SUPPORT_PRODUCT_VERSION=CentOS Stream""",
    ("3.12", "python3", "python3-libs"),
    says="CentOS Stream release 10 (Coughlan)",
    release_package="centos-stream-release",
    key="RPM-GPG-KEY-centosofficial-SHA256",
    future="RPM-GPG-KEY-centosofficial-PQC",
    stock=(
        "centos.repo",
        "metalink=https://mirrors.centos.org/metalink?repo=centos-baseos-$stream&arch=$basearch",
        "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-centosofficial-SHA256",
    ),
    label="CentOS-Stream-10-BaseOS-x86_64",
    disc=("CentOS Stream", "10"),
    folders=("BaseOS", "AppStream"),
    dist="el10",
    names="el10",
    variables=(("stream", "10-stream"),),
)

FLAVOURS = {each.el: each for each in (EL7, EL8, EL9, EL10)}


def release(el):
    """The file of repo-config/releases about it."""
    return releases.known().told(FLAVOURS[el].os_release)


def key(name):
    """What FLAVOURS has for "el7" or "amazon2"."""
    return int(name[2:]) if name[:2] == "el" and name[2:].isdigit() else name


def glibc(el):
    """What its C library says that it is; "": bookworm's own."""
    return "{}.{}".format(*release(el).glibc) if FLAVOURS[el].genuine else ""
