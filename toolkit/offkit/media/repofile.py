"""yum's .repo files (yum.conf(5), dnf.conf(5)) as pure values."""

import configparser
from typing import Dict, List, Mapping, NamedTuple, Tuple

BOM = "\ufeff"  # which some editors put at the beginning; dnf reads past it
DIRECTORY = "/etc/yum.repos.d"
PRIORITY = 99  # of a repository whose section names none: dnf.conf(5), yum-plugin-priorities
# Options that hide packages (yum.conf(5), dnf.conf(5), dnf5.conf(5)).
EXCLUDES, INCLUDES = ("exclude", "excludepkgs"), ("includepkgs",)
_TRUE = ("1", "true", "yes", "on", "enabled")


class Section(NamedTuple):
    """One repository as a .repo file has it."""

    id: str
    file: str  # that it was read from
    enabled: bool
    urls: Tuple[str, ...]  # baseurl, or mirrorlist and metalink where there is none; $releasever as written
    keys: Tuple[str, ...]  # gpgkey
    checked: bool  # gpgcheck
    expire: str  # metadata_expire as written; "" where yum's own default holds, hours or days
    priority: int = PRIORITY  # the smallest comes first

    @property
    def own(self) -> bool:
        """Whether the printed yum line enables it."""
        return self.id.startswith("offkit-")

    @property
    def remembered(self) -> bool:
        """Whether yum may go by metadata that it read some time ago: not with metadata_expire=0."""
        return self.expire not in ("0", "1")


class Base(NamedTuple):
    """One section to be written, for a repository of a medium."""

    id: str
    title: str
    directory: str  # that holds repodata/, or the URL of one
    key: str  # path of the file with the public key; "" where rpm has it


def options_of(text: str) -> List[Tuple[str, Dict[str, str]]]:
    """The sections of one .repo file and their options as written, without [main]. Raises ValueError with the
    line that is none; what stands there is not told, for it may be a password."""
    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        parser.read_string(text.lstrip(BOM))
    except configparser.MissingSectionHeaderError as error:
        raise ValueError("line {}: there are no section headers before it".format(error.lineno))
    except configparser.ParsingError as error:
        raise ValueError("line {}: is no option, nor a section".format(error.errors[0][0]))
    sections = [name for name in parser.sections() if name != "main"]
    return [(name, {key: value or "" for key, value in parser.items(name)}) for name in sections]


def is_true(text: str) -> bool:
    return text.strip().lower() in _TRUE


def parse(text: str, file: str, gpgcheck: str = "0") -> List[Section]:
    """The repositories of one .repo file, without [main], whose ``gpgcheck`` they inherit. Raises as
    ``options_of``."""
    found = []
    for section, options in options_of(text):
        urls = words(options.get("baseurl", ""))
        if not urls:
            urls = words(options.get("mirrorlist", "")) + words(options.get("metalink", ""))
        found.append(
            Section(
                section,
                file,
                is_true(options.get("enabled", "1")),
                urls,
                words(options.get("gpgkey", "")),
                is_true(options.get("gpgcheck", gpgcheck)),
                options.get("metadata_expire", "").strip(),
                priority(options),
            )
        )
    return found


def priority(options: Mapping[str, str]) -> int:
    """What the options of a section say of its turn: the smallest comes first."""
    try:
        return int(options.get("priority", ""))
    except ValueError:
        return PRIORITY


def words(value: str) -> Tuple[str, ...]:
    """Lists are separated by spaces, commas or lines; quotes around all of it count for nothing (dnf 4). A
    blank in a URL is %20."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return tuple(value.replace(",", " ").split())


def listed(text: str) -> Tuple[str, ...]:
    """The URLs of a file that mirrorlist= names."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if "://" in line and not line.startswith("#"))


def expand(url: str, variables: Dict[str, str]) -> str:
    """``$basearch`` and ``${basearch}``, longest name first, as yum's varReplace."""
    for name in sorted(variables, key=len, reverse=True):
        url = url.replace("${%s}" % name, variables[name]).replace("$" + name, variables[name])
    return url


def directory(url: str) -> str:
    """The path of a ``file:`` URL, without a slash at the end; "" for every other URL."""
    if not url.startswith("file:"):
        return ""
    rest = url[len("file:") :]
    if rest.startswith("//"):
        rest = rest[2:]
        host, slash, path = rest.partition("/")
        if host not in ("", "localhost"):
            return ""
        rest = slash + path
    return _unquote(rest).rstrip("/") or "/"


def _unquote(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path, errors="surrogateescape")
