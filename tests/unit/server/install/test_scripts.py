"""Scripts that move from the building directory to their final place."""

import pytest

from offkit.server.install import scripts

ALIAS = b"/proc/self/cwd/.building-1"
FINAL = b"/opt/offkit/generations/0001-aa"
SPACED = "/opt/my dir/ü/0001-aa".encode()
LONG = b"/opt/" + b"d" * 120


@pytest.mark.parametrize(
    ("before", "final", "after"),
    [
        (b"#!" + ALIAS + b"/bin/python\nx\n", FINAL, b"#!" + FINAL + b"/bin/python\nx\n"),
        (b"#!" + ALIAS + b"/bin/python3.6\nx\n", FINAL, b"#!" + FINAL + b"/bin/python3.6\nx\n"),
        (b"#!" + ALIAS + b"/bin/python -E\nx", FINAL, b"#!" + FINAL + b"/bin/python -E\nx"),
        (
            b"#!" + ALIAS + b"/bin/python\nx\n",
            SPACED,
            b"#!/bin/sh\n'''exec' \"" + SPACED + b'/bin/python" "$0" "$@"\n\' \'\'\'\nx\n',
        ),
        (
            b"#!" + ALIAS + b"/bin/python\nx\n",
            LONG,
            b"#!/bin/sh\n'''exec' \"" + LONG + b'/bin/python" "$0" "$@"\n\' \'\'\'\nx\n',
        ),
        (b"#!/bin/sh\necho " + ALIAS + b"\n", FINAL, b"#!/bin/sh\necho " + ALIAS + b"\n"),
        (b"#!/usr/bin/env python3\n", FINAL, b"#!/usr/bin/env python3\n"),
        (b"\x7fELF\x00\xff", FINAL, b"\x7fELF\x00\xff"),
        (b"", FINAL, b""),
    ],
)
def test_first_lines(before, final, after):
    """The final interpreter in a form that the kernel reads; everything else untouched."""
    assert scripts.relocate_script(before, ALIAS, final) == after


def test_the_limit_of_a_first_line():
    """127 bytes with the newline still fit, one more does not."""
    fits = b"/" + b"i" * (127 - len(b"#!/\n"))
    assert scripts.shebang(fits) == b"#!" + fits + b"\n"
    assert scripts.shebang(fits + b"i").startswith(b"#!/bin/sh\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'VIRTUAL_ENV="' + ALIAS + b'"\n', b'VIRTUAL_ENV="' + SPACED + b'"\n'),
        (b"VIRTUAL_ENV='" + ALIAS + b"'\n", b"VIRTUAL_ENV='" + SPACED + b"'\n"),
        (b"VIRTUAL_ENV=" + ALIAS + b"\n", b"VIRTUAL_ENV='" + SPACED + b"'\n"),
        (b"setenv VIRTUAL_ENV " + ALIAS + b"\n", b"setenv VIRTUAL_ENV '" + SPACED + b"'\n"),
        (b'set env_name = ".building-1"\n', b'set env_name = "0001-aa"\n'),
        (b"nothing\n", b"nothing\n"),
    ],
)
def test_activation_scripts(before, after):
    """The path is quoted there already, or gets quotes."""
    assert scripts.relocate_text(before, ALIAS, SPACED) == after
