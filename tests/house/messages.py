"""What offkit says to people, each text with the line that says it: ``make messages``.

    python tests/house/messages.py [PART OF A PATH]

Taken from the sources: texts of findings and errors, fixes, help, warnings, what is rendered.
Docstrings are listed where they are the help of a command.
"""

import ast
import os
import re
import sys
from collections.abc import Iterator

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ROOTS = ("toolkit/offkit", "ansible")
_WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z{]")  # two words at least: a text, not a key
_SHELL = re.compile(r"^\s*(?:die|say|warn|note|refuse|printf|echo)\b(.*)$")


def of_python(text: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every string with words in it that is no docstring of a function of our own."""
    tree = ast.parse(text)
    quiet = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            command = isinstance(node, ast.FunctionDef) and any(
                isinstance(each, ast.Call) and getattr(each.func, "attr", "") in ("Option", "Argument")
                for each in node.args.defaults
            )
            if not command:
                quiet.add(node.body[0].value)  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in quiet:
            if _WORDS.search(node.value):
                yield node.lineno, " ".join(node.value.split())


def of_shell(text: str) -> Iterator[tuple[int, str]]:
    """(line, text) of what a script says with the functions that speak."""
    for number, line in enumerate(text.splitlines(), 1):
        said = _SHELL.match(line)
        if said and _WORDS.search(said.group(1)):
            yield number, said.group(1).strip()


def main(part: str = "") -> None:
    for root in ROOTS:
        for folder, folders, names in os.walk(os.path.join(TOP, root)):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                reader = {".py": of_python, ".sh": of_shell}.get(os.path.splitext(name)[1])
                short = os.path.relpath(path, TOP)
                if reader is None or part not in short:
                    continue
                with open(path, encoding="utf-8") as source:
                    for number, text in sorted(set(reader(source.read()))):
                        print(f"{short}:{number}: {text}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BrokenPipeError:  # "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
