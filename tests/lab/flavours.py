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
    key: str  # under /etc/pki/rpm-gpg/, and at the top of a disc that has one
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
    dnf: bool = True  # whether yum has that name too, as where it is dnf
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

_OPENEULER = """\
NAME=openEuler
VERSION={0} ({1})
ID=openEuler
VERSION_ID={0}
PRETTY_NAME=openEuler {0} ({1})
ANSI_COLOR=0;31"""


def _openeuler(version, kind, series, **more):
    """openEuler has one package for the interpreter and its library, and a key at the top of its disc."""
    site = "http://repo.openeuler.org/openEuler-{}-{}/OS".format(version, kind)
    return _other(
        "openeuler" + version,
        _OPENEULER.format(version, kind),
        (series, "python3", "python3"),
        says="openEuler release {} ({})".format(version, kind),
        told="etc/openEuler-release",
        release_package="openEuler-release",
        key="RPM-GPG-KEY-openEuler",
        stock=(
            "openEuler.repo",
            "baseurl={}/$basearch/".format(site),
            site + "/$basearch/RPM-GPG-KEY-openEuler",
        ),
        label="openEuler-{}-{}-x86_64".format(version, kind),
        disc=("openEuler", "{}-{}".format(version, kind)),
        **more,
    )


def _kylin(version, code, python, **more):
    """Kylin's disc is named in a way that offkit knows nothing of."""
    told = "Kylin Linux Advanced Server"
    return _other(
        "kylin" + version[1:],
        "\n".join(
            [
                "NAME=" + told,
                "VERSION={} ({})".format(version, code),
                "ID=kylin",
                "VERSION_ID=" + version,
                "PRETTY_NAME={} {} ({})".format(told, version, code),
                "ANSI_COLOR=0;31",
            ]
        ),
        python,
        says="{} release {} ({})".format(told, version, code),
        told="etc/kylin-release",
        release_package="kylin-release",
        key="RPM-GPG-KEY-kylin",
        stock=(
            "kylin_x86_64.repo",
            "baseurl=https://update.cs2c.com.cn/NS/{0}/os/adv/lic/base/$basearch/".format(version),
            "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-kylin",
        ),
        label="Kylin-Server-" + version,
        disc=(told, version),
        **more,
    )


OTHERS = (
    _other(
        "amazon2",
        """\
NAME=Amazon Linux
VERSION=2
ID=amzn
ID_LIKE=centos rhel fedora
VERSION_ID=2
PRETTY_NAME=Amazon Linux 2
ANSI_COLOR=0;33
CPE_NAME=cpe:2.3:o:amazon:amazon_linux:2
HOME_URL=https://amazonlinux.com/
SUPPORT_END=2026-06-30""",
        ("3.7", "python3", "python3-libs"),
        says="Amazon Linux release 2 (Karoo)",
        told="etc/system-release",
        release_package="system-release",
        key="RPM-GPG-KEY-amazon-linux-2",
        stock=(
            "amzn2-core.repo",
            "mirrorlist=$awsproto://$amazonlinux.$awsregion.$awsdomain/$releasever/$product/$target/$basearch/mirror.list",
            "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-amazon-linux-2",
        ),
        variables=(
            ("awsproto", "http"),
            ("amazonlinux", "amazonlinux"),
            ("awsdomain", "amazonaws.com"),
            ("awsregion", "default"),
            ("product", "core"),
            ("target", "latest"),
        ),
        dnf=False,
        label="amzn2-core",  # there is no disc: what reposync left, on one
        payload=XZ,
        dist="amzn2",
        names="el7",
    ),
    _other(
        "amazon2023",
        """\
NAME=Amazon Linux
VERSION=2023
ID=amzn
ID_LIKE=fedora
VERSION_ID=2023
PLATFORM_ID=platform:al2023
PRETTY_NAME=Amazon Linux 2023.6.20241010
ANSI_COLOR=0;33
VENDOR_NAME=AWS
SUPPORT_END=2028-03-15""",
        ("3.9", "python3", "python3-libs"),
        says="Amazon Linux release 2023.6.20241010 (Amazon Linux)",
        told="etc/amazon-linux-release",
        release_package="system-release",
        key="RPM-GPG-KEY-amazon-linux-2023",
        stock=(
            "amazonlinux.repo",
            "mirrorlist=https://cdn.amazonlinux.com/al2023/core/mirrors/$releasever/$basearch/mirror.list",
            "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-amazon-linux-2023",
        ),
        label="al2023-core",
        dist="amzn2023",
    ),
    _openeuler("20.03", "LTS-SP4", "3.7", payload=XZ, dist="oe1", names="el8"),
    _openeuler("22.03", "LTS-SP3", "3.9", dist="oe2203sp3"),
    _openeuler("24.03", "LTS", "3.11", dist="oe2403"),
    _kylin("V10", "Lance", ("3.7", "python3", "python3"), payload=XZ, dist="ky10", names="el8"),
    _kylin("V11", "Swan25", ("3.11", "python3", "python3"), dist="ky11"),
    _other(
        "anolis8",
        """\
NAME=Anolis OS
VERSION=8.8
ID=anolis
ID_LIKE=rhel fedora centos
VERSION_ID=8.8
PLATFORM_ID=platform:an8
PRETTY_NAME=Anolis OS 8.8
ANSI_COLOR=0;31""",
        ("3.6", "python36", "python3-libs"),
        says="Anolis OS release 8.8",
        told="etc/anolis-release",
        release_package="anolis-release",
        key="RPM-GPG-KEY-ANOLIS",
        stock=(
            "AnolisOS-BaseOS.repo",
            "baseurl=http://mirrors.openanolis.cn/anolis/$releasever/BaseOS/$basearch/os",
            "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-ANOLIS",
        ),
        label="AnolisOS-8-8-x86_64-dvd",
        disc=("Anolis OS", "8.8"),
        folders=("BaseOS", "AppStream"),
        payload=XZ,
        dist="an8",
        names="el8",
    ),
    _other(
        "anolis23",
        """\
NAME=Anolis OS
VERSION=23.1
ID=anolis
VERSION_ID=23.1
PLATFORM_ID=platform:an23
PRETTY_NAME=Anolis OS 23.1
ANSI_COLOR=0;31""",
        ("3.10", "python3", "python3-libs"),
        says="Anolis OS release 23.1",
        told="etc/anolis-release",
        release_package="anolis-release",
        key="RPM-GPG-KEY-ANOLIS",
        stock=(
            "AnolisOS.repo",
            "baseurl=https://mirrors.openanolis.cn/anolis/23/os/$basearch/os",
            "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-ANOLIS",
        ),
        label="AnolisOS-23-1-x86_64-dvd",
        disc=("Anolis OS", "23.1"),
        dist="an23",
    ),
)
FLAVOURS = {each.el: each for each in (EL7, EL8, EL9, EL10, *OTHERS)}


def release(el):
    """The file of repo-config/releases about it."""
    return releases.known().told(FLAVOURS[el].os_release)


def key(name):
    """What FLAVOURS has for "el7" or "amazon2"."""
    return int(name[2:]) if name[:2] == "el" and name[2:].isdigit() else name


def glibc(el):
    """What its C library says that it is; "": bookworm's own."""
    return "{}.{}".format(*release(el).glibc) if FLAVOURS[el].genuine else ""
