"""What a server's security settings mean for packages: repo-config/surroundings.csv, and the words in which
the doctor and, by a server's description, the forecast tell of it. Pure."""

import csv
import re
from typing import Dict, List, Sequence, Tuple

from offkit.model.finding import INFO, WARNING, Finding
from offkit.model.words import listed

TABLE = "repo-config/surroundings.csv"
OWN_CRYPTO, CRYPTO_POLICY = "own-crypto", "crypto-policy"
FIPS, FAPOLICYD = "FIPS mode", "fapolicyd"
# Copies of libcrypto and libssl, where auditwheel puts them: PACKAGE.libs, before 3.2 PACKAGE/.libs.
OWN_OPENSSL = re.compile(r"(?:[^/]+\.libs|[^/]+/\.libs)/lib(?:crypto|ssl)-?[\w.]*\.so[\w.]*")
_NAMED = 5

Table = Dict[Tuple[str, str], str]  # (kind, name) → what is to be said


def parse(text: str) -> Table:
    """Raises KeyError on a malformed line."""
    return {(row["kind"], row["name"]): row["says"] for row in csv.DictReader(text.splitlines())}


def fips(table: Table, packages: Sequence[str], libraries: Sequence[str]) -> List[Finding]:
    """ENV018, where the mode is on. ``packages`` are normalised names, ``libraries`` match OWN_OPENSSL: they
    refuse ("disabled for FIPS", psycopg2's issue 1170), or end the process (memray's issue 783)."""
    message = (
        "is on: hashlib.md5() and others that are not approved may raise ValueError, unless they are called "
        "with usedforsecurity=False (Python 3.9, and the 3.6 and 3.8 of EL 8)"
    )
    found = [Finding("ENV018", INFO, FIPS, message, ("/proc/sys/crypto/fips_enabled",), "")]
    if libraries:
        message = "has no say in {}: an OpenSSL in a wheel is not the server's, and may refuse to work"
        message = message.format(listed(libraries, _NAMED))
        fix = "bundle again with a package that uses the server's OpenSSL (offkit bundle --carry-source)"
        found.append(Finding("ENV018", WARNING, FIPS, message, tuple(libraries), fix))
    own = [
        "{} ({})".format(name, table[OWN_CRYPTO, name]) for name in packages if (OWN_CRYPTO, name) in table
    ]
    if own:
        message = "has no say in what these compute with themselves: {}".format(", ".join(own))
        found.append(Finding("ENV018", INFO, FIPS, message, (), ""))
    return found


def policy(table: Table, current: str) -> List[Finding]:
    """ENV019 for what is in /etc/crypto-policies/state/current: FUTURE, or FUTURE:MODULE."""
    says = table.get((CRYPTO_POLICY, current.split(":")[0]), "")
    if not says:
        return []
    message = "is {}: {}, by Python's ssl too where it has the system's OpenSSL".format(current, says)
    return [Finding("ENV019", INFO, "crypto policy", message, ("/etc/crypto-policies/state/current",), "")]
