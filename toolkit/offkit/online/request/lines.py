"""Lines of requirements files that pip cannot read: which, what is wrong with it, how it is written."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from offkit.model.errors import UsageError
from offkit.model.finding import WARNING, Finding
from offkit.model.url import without_secrets
from offkit.online.index.upstream import reach

# What optparse says of an option of a line, and what is said of it here.
_OPTIONS = (
    (re.compile(r"no such option: (\S+)"), "pip has no option {} in a requirements file"),
    (re.compile(r"(\S+) option requires \d+ argument"), "{} stands there without its value"),
    (re.compile(r"(\S+) option does not take a value"), "{} takes no value"),
    (re.compile(r"option (\S+): (invalid .*)"), "{}: {}"),
    (re.compile(r"Allowed hash algorithms for (--hash) are (.*?)\.?$", re.MULTILINE), "{}: only {}"),
    (re.compile(r"Could not split options: (\S+)"), "{}: a quotation mark is not closed"),
)
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'])+"
# Options that older pips take and newer ones do not, and what has become of them (pip's NEWS).
_GONE: Mapping[str, str] = {
    r"--(?:install|global)-option(?:\s*=\s*|\s+)VALUE": "it is for setup.py, and wheels are installed",
    r"--process-dependency-links": "pip 19.0 has dropped it; what such a link led to is asked of the index",
    r"--(?:no-)?allow-external(?:\s*=\s*|\s+)VALUE|--allow-(?:unverified|insecure)(?:\s*=\s*|\s+)VALUE"
    r"|--allow-all-external|--no-allow-insecure": "pip 10 has dropped it; an index has its own files alone",
    r"--use-wheel|-Z|--always-unzip": "pip does so anyway",  # 10
    r"-M|--use-mirrors|--mirrors(?:\s*=\s*|\s+)VALUE": "PyPI has no such mirrors any more",  # 7
    r"--use-feature(?:\s*=\s*|\s+)(?:2020-resolver|in-tree-build|pep517|no-binary-enable-wheel-cache)":
        "pip does so anyway",  # 20.3, 22.1, 23.1
}  # fmt: skip
_DROPPED = tuple(
    (re.compile(rf"(?:(?<=\s)|^)(?:{option.replace('VALUE', _VALUE)})(?=\s|$)"), why)
    for option, why in _GONE.items()
)
# Options of a whole file, which pip passes over in the line of a requirement (SUPPORTED_OPTIONS_REQ of
# pip._internal.req.req_file has the others).
_OF_FILE = (
    *("-i", "--index-url", "--pypi-url", "--extra-index-url", "--no-index", "-f", "--find-links"),
    *("--pre", "--prefer-binary", "--only-binary", "--no-binary", "--trusted-host", "--require-hashes"),
)
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[^\]]*\])?"
_COMMAND = re.compile(r"^[!$%]?\s*(?:sudo\s+)?((?:python[\d.]*\s+-m\s+)?pip[\d.]*\s+install)\s+")
# How it is meant: (what is looked for, what takes its place), as in re.sub.
_SLIPS = (
    (rf"^({_NAME}\s*)=([^=<>~!].*)$", r"\1==\2"),
    (r"=([<>])(?=\s*\d)", r"\1="),
    (
        r"\b(sys_platform|platform_system|platform_machine|os_name|implementation_name|"
        r"platform_python_implementation|extra)(\s*[!=]=\s*)(\w+)(?![\w'\"])",
        r'\1\2"\3"',
    ),
)


def is_python(line: str) -> bool:
    """Whether it is about the interpreter, as conda's are: no index has that."""
    return bool(re.match(r"\s*python(?:\s*(?:$|[=<>!~;])|\s+\d)", line, re.IGNORECASE))


def cure(line: str) -> str:
    """What to write instead of a line that is no requirement; "" where that is not to be guessed."""
    command = _COMMAND.match(line)
    if command is not None:
        return f"delete {command[1]!r}: a line is what follows it"
    meant = line
    for pattern, becomes in _SLIPS:
        meant = re.sub(pattern, becomes, meant)
    if meant != line and _holds(meant):
        return f"write {meant} for {line}"
    words = line.split()
    if len(words) == 2 and re.match(r"\d+(\.\d+)*", words[1]) and _holds("==".join(words)):
        return f"write {'=='.join(words)} for {line}"
    if len(words) > 1 and all(map(_holds, words)):
        return f"one requirement is one line: {', '.join(words)}"
    if re.fullmatch(r"\[[\w., -]+\]", line):
        return f"an extra follows its package: name{line}"
    wrong = re.search(r">>|<<|=>|=<|<>|><", line)
    return f"the comparisons are ==, !=, >=, <=, >, < and ~=, and no {wrong[0]}" if wrong else ""


def _holds(text: str) -> bool:
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


@contextlib.contextmanager
def told(
    files: Sequence[str],
    tell: Callable[[Finding], object],
    refused: list[UsageError],
    written: dict[str, str],
) -> Iterator[None]:
    """For the length of the block, ``refused`` gets an error for each line with options that pip cannot read,
    and pip reads on; ``tell`` what such options of older pips mean, and ``written`` where an index or a place
    of --find-links is named. ``files``: their names, the one that was opened last is last."""
    module = importlib.import_module("pip._internal.req.req_file")
    preprocess = reach("pip._internal.req.req_file", "preprocess")
    line_parser = reach("pip._internal.req.req_file", "get_line_parser")
    where = [""]

    def placed(content: str) -> Iterator[tuple[int, str]]:
        name = files[-1]
        for number, line in preprocess(content):
            where[0] = f"{name} (line {number})"
            yield number, line

    def get_line_parser(finder: Any) -> Callable[[str], tuple[str, Any]]:
        parse = line_parser(finder)

        def parse_line(line: str) -> tuple[str, Any]:
            line = _without_dropped(line, where[0], tell)
            try:
                words, options = parse(line)
                for option in _idle(line, words):
                    message = f"{option} has no effect in the line of a requirement"
                    tell(Finding("REQ018", WARNING, where[0], message, (), "write it in a line of its own"))
                urls = (options.index_url, *(options.extra_index_urls or ()), *(options.find_links or ()))
                written.update((without_secrets(url), where[0]) for url in urls if url)
                return words, options
            except Exception as error:
                if type(error).__name__ != "OptionParsingError":
                    raise
                wrong, fix = _of_option(str(getattr(error, "msg", error))), "delete it, or correct it"
                if _COMMAND.match(line):
                    wrong, fix = f"{line!r} is a command", cure(line)
                refused.append(UsageError(without_secrets(f"{where[0]}: {wrong}"), fix=fix))
                return parse("")  # type: ignore[no-any-return]

        return parse_line

    module.preprocess = placed  # type: ignore[attr-defined]
    module.get_line_parser = get_line_parser  # type: ignore[attr-defined]
    try:
        yield
    finally:
        module.preprocess = preprocess  # type: ignore[attr-defined]
        module.get_line_parser = line_parser  # type: ignore[attr-defined]


def _without_dropped(line: str, where: str, tell: Callable[[Finding], object]) -> str:
    if "-" not in line:
        return line
    for pattern, why in _DROPPED:
        found = pattern.search(line)
        if found is not None:
            option = re.split(r"[\s=]", found[0])[0]
            shown = found[0] if option == "--use-feature" else option
            fix = "delete it: that changes nothing here"
            tell(Finding("REQ018", WARNING, where, f"{shown} has no effect here: {why}", (), fix))
            line = pattern.sub("", line).rstrip()
    return line


def _idle(line: str, words: str) -> list[str]:
    """Options of the file in a line with a requirement (``words``), or with -e."""
    if not words and not re.match(r"(?:-e|--editable)\b", line):
        return []
    given = (word.partition("=")[0] for word in line.split()[1:])
    return [option for option in dict.fromkeys(given) if option in _OF_FILE]


def _of_option(said: str) -> str:
    """What is wrong with an option, by the words of optparse."""
    for words, ours in _OPTIONS:
        found = words.search(said)
        if found is not None:
            return ours.format(*found.groups())
    return said.strip().partition("\n")[0]
