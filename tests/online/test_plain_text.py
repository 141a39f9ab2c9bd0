"""What typer would make of an option's text, and when it is asked."""

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest
import typer

from offkit.cli import app, plain_text

adapters = pytest.mark.skipif(
    not hasattr(typer.core, "build_runtime_param"), reason="this typer makes no adapters"
)


def pairs():
    """Each parameter, with what typer makes for it and what takes its place."""
    original = typer.core.build_runtime_param
    original = getattr(original, "args", [original])[0]
    made = typer.main.get_command(app.made())
    for one in made.commands.values():
        for command in getattr(one, "commands", {}).values() or [one]:
            for param in command.params:
                ours = plain_text._built(original, param.type_descriptor)
                if isinstance(ours, plain_text._Plain):
                    yield param, original(param.type_descriptor), ours


def told(made, param, value):
    try:
        return made.coerce(value, param=param, ctx=None)
    except Exception as error:
        return type(error), str(error)


@adapters
def test_typer_says_the_same(tmp_path):
    (tmp_path / "file").write_text("")
    texts = ["", "-", ".", "x", "é\u2028", "1", "\udcff", "a\0b", "nowhere/file", str(tmp_path / "file")]
    seen = set()
    for param, original, ours in pairs():
        multiple = param.nargs == -1 or param.multiple
        values = [None, *([[], texts[:5], texts, ("x", "y")] if multiple else texts)]
        for value in values:
            found, expected = told(ours, param, value), told(original, param, value)
            assert (type(found), found) == (type(expected), expected), (param.name, value)
        seen.add(param.type_descriptor.annotation)
    assert {str, Path, List[str], List[Path]} < seen


@adapters
def test_a_file_that_may_not_be_read_is_for_typer_to_tell(tmp_path):
    """Root may read everything, and is told so by both."""
    (tmp_path / "file").touch(0)
    text = str(tmp_path / "file")
    for param, original, ours in pairs():
        if param.type_descriptor.annotation is Path:
            assert told(ours, param, text) == told(original, param, text)


@adapters
@pytest.mark.parametrize("args", [["verify", "nowhere.tar", "--json"], ["lock", "--target", "no", "-o", "x"]])
def test_a_command_line_of_texts_imports_no_pydantic(args, tmp_path):
    code = (
        "import sys\n"
        "from offkit.cli.app import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    print('pydantic' in sys.modules)\n"
    )
    toolkit = str(Path(app.__file__).parent.parent.parent)
    found = subprocess.run(
        [sys.executable, "-c", code, *args],
        stdout=subprocess.PIPE,
        cwd=str(tmp_path),
        env=dict(os.environ, PYTHONPATH=toolkit),
        check=True,
    )
    assert found.stdout.split()[-1] == b"False"
