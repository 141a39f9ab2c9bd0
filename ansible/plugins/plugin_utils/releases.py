"""What offkit knows of releases, for a control node: made by "make releases" from repo-config/releases."""

# os-release IDs whose VERSION_ID begins with the Enterprise Linux major
EL_IDS = (
    "almalinux",
    "anolis",
    "centos",
    "eurolinux",
    "ol",
    "rhel",
    "rocky",
    "scientific",
    "virtuozzo",
)
# … but for these, which are other systems (ID:VERSION_ID)
OTHERS = [
    "anolis:23",
]
# What install.sh gets where no Python is: the one that Enterprise Linux ships
SHIPPED = {
    7: "3.6.8",
    8: "3.6.8",
    9: "3.9.10",
    10: "3.12.9",
}
