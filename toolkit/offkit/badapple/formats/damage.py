"""Why a conversion cannot be read back."""

from offkit.model.errors import RequestError
from offkit.model.finding import ERROR, Finding


class TooEarly(RequestError):
    """A conversion that is still being made has not come far enough to be read."""


def damaged(path: str, why: str) -> RequestError:
    """VID010 for the file at ``path``."""
    text = "not a complete conversion: " + why
    fix = "convert again: offkit run-badapple -o " + path
    return RequestError(text, [Finding("VID010", ERROR, path, text, (), fix)])
