"""JSON that vouches for itself: canonical text, with the hash of all the rest of it in ``self_sha256``.

That finds damage; only a signature finds a forger.
"""

import hashlib
import json
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator

from offkit.model.errors import AGAIN, EnvironmentProblem, OffkitError, UsageError, damaged


def dump(data: Dict[str, Any]) -> bytes:
    """The canonical text."""
    return _canonical(dict(data, self_sha256=hashlib.sha256(_canonical(data)).hexdigest()))


def _canonical(data: Dict[str, Any]) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")


def load(text: bytes, schema: str, newest: int, newer: Callable[[str], EnvironmentProblem]) -> Dict[str, Any]:
    """What was given to ``dump``, whose schema begins with ``schema``.

    Raises what ``reading`` takes for damage where it is not such a text; ``newer``, given who wrote it, where
    that is for readers newer than ``newest``.
    """
    data = json.loads(text.decode("ascii"))
    claimed = data.pop("self_sha256")
    if not (isinstance(data, dict) and data["schema"].startswith(schema)):
        raise ValueError("its schema is not {}".format(schema.rstrip("-")))
    if hashlib.sha256(_canonical(data)).hexdigest() != claimed:
        raise ValueError("its own checksum does not match")
    if data["minimum_reader"] > newest:
        raise newer(data["made_by"])
    if _canonical(dict(data, self_sha256=claimed)) != text:
        raise ValueError("not in canonical form")
    return data


@contextmanager
def reading(name: str) -> Iterator[None]:
    """What is not as it must be in the member ``name`` is an IntegrityError (BUN002)."""
    try:
        yield
    except UsageError as error:
        raise damaged("BUN002", name, "{} is damaged: {}".format(name, error.message))
    except OffkitError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise damaged("BUN002", name, "{} is damaged: {}".format(name, error), AGAIN)
