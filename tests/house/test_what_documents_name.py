"""What the documents name is there: files, headings, options; and each code is found where it is looked for."""

import os
import re

import pytest
import typer

from offkit.cli import app

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = re.compile(r"(?:README|CHANGELOG|CONTRIBUTING)(?:\.[\w-]+)?\.md")
FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"([A-Z]+)(\d{3})")
OFFKIT = re.compile(r"(?:\S*/)?offkit +(repo \w+|[a-z-]+)\b([^|;&#]*)")


def documents():
    """All of the repository's, by their paths from its top; whatever else somebody has noted there is not ours."""
    found = [name for name in os.listdir(TOP) if OURS.fullmatch(name)]
    for top in ("ansible", "docs", "tests"):
        for folder, _, names in os.walk(os.path.join(TOP, top)):
            ours = [
                name for name in names if OURS.fullmatch(name) or (top == "docs" and name.endswith(".md"))
            ]
            found += [os.path.relpath(os.path.join(folder, name), TOP) for name in ours]
    return sorted(found)


def text(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as source:
        return source.read()


def anchors(said):
    """What GitHub calls the headings: lower case, hyphens for blanks, no other punctuation."""
    made = []
    for heading in re.findall(r"^#+ +(.+?) *$", FENCE.sub("", said), re.MULTILINE):
        plain = LINK.sub(lambda link: link.group(0)[1:].partition("]")[0], heading)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        again = sum(1 for each in made if re.fullmatch(re.escape(name) + r"(-\d+)?", each))
        made.append("{}-{}".format(name, again) if again else name)
    return set(made)


def links(path):
    """(where it leads, its anchor) of each link to something of the repository."""
    for address in LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", text(path)))):
        if "://" not in address:
            place, _, anchor = address.partition("#")
            yield os.path.normpath(os.path.join(os.path.dirname(path), place)) if place else path, anchor


@pytest.mark.parametrize("path", documents())
def test_every_link_leads_somewhere(path):
    """To a file that is there, and to a heading in it."""
    for place, anchor in links(path):
        assert os.path.exists(os.path.join(TOP, place)), place
        assert not anchor or anchor in anchors(text(place)), (place, anchor)


def test_every_document_can_be_found():
    """From the README on, by links."""
    found, ahead = set(), ["README.md"]
    while ahead:
        path = ahead.pop()
        if path not in found:
            found.add(path)
            ahead += [place for place, _ in links(path) if place.endswith(".md")]
    assert set(documents()) - found == set()


@pytest.mark.parametrize("path", [path for path in documents() if path.startswith("docs")])
def test_codes_stand_in_order(path):
    """In each table, those of one kind by their numbers."""
    for table in re.findall(r"(?:^\|.*\n)+", text(path), re.MULTILINE):
        codes = CODE.findall("\n".join(re.findall(r"^\| ([A-Z]+\d{3}\b[^|]*)\|", table, re.MULTILINE)))
        for kind in {kind for kind, _ in codes}:
            numbers = [number for each, number in codes if each == kind]
            assert numbers == sorted(numbers), kind


def lines(said):
    """Of code, in blocks and in spans."""
    blocks = [block.group(0).replace("\\\n", " ") for block in FENCE.finditer(said)]
    for code in [*blocks, *re.findall(r"`([^`\n]+)`", FENCE.sub("", said))]:
        yield from code.splitlines()


def commands(said):
    """(command, its options) of each offkit in code."""
    for line in lines(said):
        for command, rest in OFFKIT.findall(line):
            yield command, re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest)


@pytest.fixture(scope="module")
def known():
    """{command: its options}, of subcommands too."""
    ahead, found = [("", typer.main.get_command(app.made()))], {}
    while ahead:
        name, command = ahead.pop()
        found[name.strip()] = {"--help", "-h"}.union(*(each.opts for each in command.params))
        ahead += [(name + " " + each, below) for each, below in getattr(command, "commands", {}).items()]
    return found


@pytest.mark.parametrize("path", documents())
def test_every_option_exists(path, known):
    """Of each command that a document shows."""
    for name, options in commands(text(path)):
        assert name not in known or set(options) <= known[name], name


@pytest.mark.parametrize("path", documents())
def test_every_path_and_target_exists(path):
    """Of the repository, and of its Makefile; names in capitals stand for others."""
    targets = re.findall(r"^([a-z][a-z0-9-]*):", text("Makefile"), re.MULTILINE)
    for line in lines(text(path)):
        for place in re.findall(
            r"(?<![\w/.~$-])(?:tests|docs|repo-config|toolkit|wheelhouse)/[\w./-]*\w", line
        ):
            assert os.path.exists(os.path.join(TOP, place)) or re.search(r"\b[A-Z]{4,}\b", place), place
        for target in re.findall(r"^(?:\$ )?make ([a-z][a-z0-9-]*)", line):
            assert target in targets, target


def test_the_chinese_readme_has_what_the_other_has():
    """The same headings, tables and rows in the same order, and the same documents behind the links."""
    shapes, lead = [], []
    for path in ("README.md", "README.zh-CN.md"):
        shapes.append(re.findall(r"^(?:#+ |\|)", FENCE.sub("", text(path)), re.MULTILINE))
        lead.append({place for place, _ in links(path)} - {"README.md", "README.zh-CN.md"})
    assert shapes[0] == shapes[1]
    assert lead[0] == lead[1]
