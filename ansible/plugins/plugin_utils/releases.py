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
# Systems whose VERSION_ID is their own, by ID:VERSION_ID, which may go on after a dot; what offkit calls
# them
OTHERS = {
    "amzn:2": "amazon2",
    "amzn:2023": "amazon2023",
    "anolis:23": "anolis23",
    "cloudlinux:8": "el8",
    "kylin:V10": "kylin10",
    "kylin:V11": "kylin11",
    "miraclelinux:8": "el8",
    "openEuler:20.03": "openeuler20.03",
    "openEuler:22.03": "openeuler22.03",
    "openEuler:24.03": "openeuler24.03",
    "opencloudos:8": "el8",
    "tencentos:2": "el7",
    "tencentos:3": "el8",
}
# What install.sh gets where no Python is: the one that Enterprise Linux ships
SHIPPED = {
    7: "3.6.8",
    8: "3.6.8",
    9: "3.9.10",
    10: "3.12.9",
}
# The same of the others, by what offkit calls them
OTHERS_SHIPPED = {
    "amazon2": "3.7.2",
    "amazon2023": "3.9.16",
    "kylin10": "3.7.4",
    "openeuler20.03": "3.7.4",
    "openeuler22.03": "3.9.9",
    "openeuler24.03": "3.11.6",
}
