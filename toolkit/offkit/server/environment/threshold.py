"""What makes a process stay in its generation, as files of site-packages (``indoors`` is what they run)."""

import pkgutil
from typing import List, Tuple

from offkit.model.errors import OffkitError

MODULE = "_offkit_generation.py"
PTH = ("0-offkit-generation.pth", "~offkit-generation.pth")  # before all others, and after them
_LINE = b"import _offkit_generation; _offkit_generation.stay()\n"


def files() -> List[Tuple[str, bytes]]:
    """Their names and contents."""
    try:
        module = pkgutil.get_data("offkit", "server/environment/indoors.py")
    except OSError:
        module = None
    if module is None:
        raise OffkitError("this offkit is incomplete: server/environment/indoors.py is missing")
    return [(MODULE, module)] + [(name, _LINE) for name in PTH]
