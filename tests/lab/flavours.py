"""What distinguishes the Enterprise Linuxes in the lab, as data."""

from typing import Dict, NamedTuple, Tuple


class Flavour(NamedTuple):
    el: int
    os_release: Dict[str, str]
    redhat_release: str
    release_package: str  # what carries the key and the stock repository files
    version: str
    key: str  # under /etc/pki/rpm-gpg/, and at the top of an el7 disc
    stock: Tuple[str, str]  # a repository file that every such server has; it needs a network
    python: Tuple[str, str, str]  # series, the package with the command, the one with the libraries
    label: str  # of the disc


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
)
FLAVOURS = {each.el: each for each in (EL7, EL8, EL9)}
