"""Every path inside a bundle and every path under a prefix, in one place."""

INSTALL_SH = "install.sh"
MANIFEST = "MANIFEST.json"
SIGNATURE = "MANIFEST.json.asc"
RUNTIME = "offkit.pyz"
REQUIREMENTS = "requirements.txt"
WHEELS = "wheels/"
CHECKLIST = "checklist.json"
REPO_CONFIG = "repo-config/"
PYTHON_BUILD = "python-build/"  # for a server without Python: unpacked there
PYTHON_SOURCE = "python-source/"  # … or compiled
TARGETS = "targets/"  # in a bundle for several: what each has for itself, below its name
RPMS = "rpms/"  # a small yum repository: libraries that a minimal server lacks
BUILD_WHEELS = "build-wheels/"  # what the sources are compiled with
SOURCES = "sources/"  # sdists to be compiled there, each with a lock of what that needs
SMOKE = "smoke/"  # the user's own checks of what was installed
ISO_MOUNT = "/mnt/offkit-iso"  # where the .repo files of a bundle want the disc

# In a difference between two bundles: what it is, and below the second the members that are new.
DIFFERENCE = "DIFFERENCE.json"
NEW = "new/"

# The order of members in the tar. What install.sh needs first comes first, so that it is
# found without reading the whole archive.
ORDER = (
    INSTALL_SH,
    MANIFEST,
    SIGNATURE,
    RUNTIME,
    TARGETS,
    REQUIREMENTS,
    CHECKLIST,
    REPO_CONFIG,
    PYTHON_BUILD,
    PYTHON_SOURCE,
    RPMS,
    BUILD_WHEELS,
    SOURCES,
    SMOKE,
    WHEELS,
)

# Where a prefix is when nobody says: of root, and below the home of anybody else.
ROOT_PREFIX = "/opt/offkit"
USER_PREFIX = ".local/share/offkit"
# Not in the path of a prefix: within double quotes these would mean something to sh, csh or fish in
# bin/activate, and a shebang ends at a newline.
UNFIT = "\"'$`\\!\n\r"

# Under PREFIX
GENERATIONS = "generations"
CURRENT = "current"
LOCK = ".lock"
BUILDING = ".building-"
PYTHON = "python"  # interpreters that offkit brought, one directory each
PYTHON_RECEIPT = "offkit-python.json"  # beside bin and lib of one of them: where it is from
PYTHON_SCHEMA = "offkit/python-1"  # of that
SYSTEM = "system"  # what was changed outside PREFIX (server.system.ledger)

# Under PREFIX/generations/ID, which is itself the virtual environment
RECEIPT = "offkit/receipt.json"
GENERATION_MANIFEST = "offkit/MANIFEST.json"
GENERATION_CHECKLIST = "offkit/checklist.json"
GENERATION_RUNTIME = "offkit/runtime"
GENERATION_REPO_CONFIG = "offkit/repo-config"
GENERATION_LIBRARIES = "offkit/lib64"  # taken out of RPMs
GENERATION_LIBRARY_LIST = "offkit/libraries.json"
GENERATION_COMPILED = "offkit/compiled.json"  # what was compiled here, and with what
GENERATION_SMOKE = "offkit/smoke"  # the user's own checks
GENERATION_INTERPRETER = "offkit/interpreter"  # a link, where bin/python is a copy: what it is a copy of


def position(path: str) -> int:
    """Rank of a member's group in the tar; unknown names have none (ValueError)."""
    for index, known in enumerate(ORDER):
        if path == known or (known.endswith("/") and path.startswith(known)):
            return index
    raise ValueError(path)
