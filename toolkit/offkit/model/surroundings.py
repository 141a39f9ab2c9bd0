"""What is known of the surroundings of an environment: repo-config/surroundings.csv, as pure values."""

import csv
from typing import Dict

TABLE = "repo-config/surroundings.csv"
OWN_CRYPTO, CRYPTO_POLICY = "own-crypto", "crypto-policy"


def parse(text: str, kind: str) -> Dict[str, str]:
    """Name → what is to be said. Raises KeyError on a malformed line."""
    return {row["name"]: row["says"] for row in csv.DictReader(text.splitlines()) if row["kind"] == kind}
