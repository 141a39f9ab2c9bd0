"""modules.yaml as they are written, and what they mean."""

import pytest

from offkit.media.rpm import BadRepodata
from offkit.online.rpms import modules

pytest.importorskip("solv", reason="no offkit[rpm] here")
BARE = """\
data:
  name: perl
  stream: 5.30
  version: 8040020200923213406
  context: 466ea64f
  arch: x86_64
  dependencies:
  - requires:
      platform: [el8]
      other: []
  artifacts:
    rpms:
    - perl-4:5.30.1-452.module+el8.4.0+646+9d8ff4a2.x86_64
    - perl-4:5.30.1-452.module+el8.4.0+646+9d8ff4a2.src
document: modulemd
version: 2
"""


def test_texts_are_no_numbers():
    """A stream called 5.30, without quotes, as people write it; keys in any order, and no marks of documents."""
    (one,) = modules.parse(BARE).streams
    assert (one.title, one.version, one.context) == ("perl:5.30", 8040020200923213406, "466ea64f")
    assert one.requires == ({"platform": ("el8",), "other": ()},)
    text = "---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: httpd\n  stream: 2.40\n...\n"
    (two,) = modules.parse(text + "---\n" + BARE).defaults
    assert (two.name, two.stream) == ("httpd", "2.40")


def test_version_1():
    """Its dependencies are no list, and a stream is a text; it has no context."""
    text = "document: modulemd\nversion: 1\ndata:\n  name: a\n  stream: f27\n  version: 1\n"
    (one,) = modules.parse(text + "  dependencies:\n    requires:\n      platform: f27\n").streams
    assert (one.requires, one.context) == (({"platform": ("f27",)},), "")


def test_other_documents_are_left_alone():
    text = "---\ndocument: modulemd-translations\nversion: 1\ndata:\n  module: a\n...\n"
    assert modules.parse(text) == modules.parse("") == modules.Modules()


@pytest.mark.parametrize(
    "text",
    [
        "document: modulemd\ndata: [",
        "document: modulemd\ndata:\n  name: a",
        "document: modulemd\ndata:\n  name: a\n  stream: b\n  version: x",
        "document: modulemd-defaults\ndata:",
        "document: modulemd\ndata: " + "[" * 5000,
    ],
    ids=["yaml", "nothing", "number", "null", "deep"],
)
def test_what_is_damaged(text):
    with pytest.raises(BadRepodata, match=r"^modules.yaml: "):
        modules.parse(text)


def streams(*rows):
    """(name, stream, {module: streams})"""
    return tuple(
        modules.Stream(name, stream, 1, "c", (needs,), frozenset(), "") for name, stream, needs in rows
    )


def active(found, defaults=(), states=None, platform="el8"):
    known = modules.Modules(found, tuple(modules.Default(name, stream, "") for name, stream in defaults))
    return sorted(one.title for one in modules.active(known, states or {}, platform))


def test_what_is_active():
    """Defaults with what they require, and what the server has enabled in their place."""
    found = streams(("a", "1", {"b": ("1",)}), ("a", "2", {}), ("b", "1", {}), ("b", "2", {"platform": ("-el8",)}),
                    ("c", "1", {"platform": ("el9",)}))  # fmt: skip
    assert active(found) == []
    assert active(found, [("a", "1")]) == ["a:1", "b:1"]
    assert active(found, [("a", "1")], {"a": "2"}) == ["a:2"]
    assert active(found, [("a", "1")], {"a": ""}) == []
    assert active(found, [("a", "1")], {"b": "2"}) == []  # that b is not for this system
    assert active(found, [("c", "1")]) == []
    assert active(found, [("c", "1")], platform="el9") == ["c:1"]
    assert active(found, [("c", "1")], platform="") == ["c:1"]


def test_what_describes_a_few_streams():
    """With all that they may require: of either way, and not what a way excludes."""
    found = streams(("a", "1", {}), ("b", "1", {}), ("b", "2", {}), ("b", "3", {}), ("c", "1", {}), ("c", "2", {}), ("d", "1", {}))  # fmt: skip
    found = tuple(one._replace(text=one.title) for one in found)
    asked = found[0]._replace(requires=({"b": ("1",), "c": ("-1",)}, {"b": ("2",)}, {}))
    text = modules.of(modules.Modules((asked, *found[1:])), [asked])
    assert text == "".join(f"---\n{each}\n...\n" for each in ("a:1", "b:1", "b:2", "c:2"))
