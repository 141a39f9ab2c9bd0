"""Scripts of an environment that is built in one place and lives in another.

pip writes the interpreter's path into the first line of each script and the script's hash
into RECORD. The environment is built under an alias; here the alias is replaced by the final
path, and RECORD is made to vouch for the result (model.record). Pure: bytes in, bytes out.
"""

import posixpath
import re
from typing import Match

# Linux reads 127 bytes of a first line (BINPRM_BUF_SIZE less the terminator; 255 since 5.1).
_LONGEST = 127


def shebang(interpreter: bytes, arguments: bytes = b"") -> bytes:
    """A script's head: one line where the kernel can read it, else the form that is both
    shell and Python (as distlib's ScriptMaker and pip's own scripts have it)."""
    line = b"#!" + interpreter + (b" " + arguments if arguments else b"") + b"\n"
    if b" " not in interpreter and len(line) <= _LONGEST:
        return line
    rest = b" " + arguments if arguments else b""
    return b"#!/bin/sh\n'''exec' \"" + interpreter + b'"' + rest + b' "$0" "$@"\n' + b"' '''\n"


def relocate_script(data: bytes, alias: bytes, final: bytes) -> bytes:
    """``data`` with the final path in its first line; unchanged when the alias is not there."""
    found = re.match(rb"#!" + re.escape(alias) + rb"/bin/(python[0-9.]*)[ \t]*([^\n]*)\n", data)
    if not found:
        return data
    return shebang(final + b"/bin/" + found.group(1), found.group(2).strip()) + data[found.end() :]


def relocate_text(data: bytes, alias: bytes, final: bytes) -> bytes:
    """bin/activate and its kin: the alias replaced, and quoted where it was bare (since 3.13
    the venv module quotes only what needs it)."""

    def put(found: Match[bytes]) -> bytes:
        bare = found.group(1) == b""
        return b"'" + final + b"'" if bare else found.group(1) + final

    moved = re.sub(rb"([\"']?)" + re.escape(alias), put, data)
    # 3.6's activate.csh also shows the name of the directory in the prompt.
    return moved.replace(posixpath.basename(alias), posixpath.basename(final))


def relocate_settings(data: bytes, alias: bytes, final: bytes) -> bytes:
    """pyvenv.cfg, where nothing is quoted."""
    return data.replace(alias, final)
