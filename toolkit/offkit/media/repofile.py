"""yum's .repo files (yum.conf(5), dnf.conf(5)) as pure values."""

import configparser
from typing import Dict, List, NamedTuple, Tuple

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


def parse(text: str, file: str, gpgcheck: str = "0") -> List[Section]:
    """The repositories of one .repo file, without [main], whose ``gpgcheck`` they inherit. Raises ValueError
    with yum's own reason."""
    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        parser.read_string(text, file)
    except configparser.Error as error:
        raise ValueError(" ".join(str(error).split()))
    found = []
    for section in parser.sections():
        options: Dict[str, str] = {name: value or "" for name, value in parser.items(section)}
        if section == "main":
            continue
        urls = words(options.get("baseurl", ""))
        if not urls:
            urls = words(options.get("mirrorlist", "")) + words(options.get("metalink", ""))
        found.append(
            Section(
                section,
                file,
                options.get("enabled", "1").strip().lower() in _TRUE,
                urls,
                words(options.get("gpgkey", "")),
                options.get("gpgcheck", gpgcheck).strip().lower() in _TRUE,
                options.get("metadata_expire", "").strip(),
            )
        )
    return found


def words(value: str) -> Tuple[str, ...]:
    """Lists are separated by spaces, commas or lines."""
    return tuple(value.replace(",", " ").split())


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
