"""What a host reports may be anything: it is shown, or its file is named; nothing else happens."""

import copy
import html.parser
import json
import os
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st

import fleet_maker as made
from offkit.fleet import document, overview, page, reading

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(
        ["offkit/doctor-1", "offkit/run-badapple-1", "offkit/error-1", "error", "<script>", "\ud800"]
    ),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)
STARTS = [
    made.host("web01"),
    made.sick("web07", "libSM.so.6", "libICE.so.6"),
    made.lost("db01", "No route", made.well()),
    made.host("db02", {"deploy": made.ended(made.refused("no\nroom", made.found("ENV024", "")), 4)}),
]


def places(value, path=()):
    """The path of every value in a document."""
    found = [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += places(each, (*path, key))
    return found


@st.composite
def spoiled(draw):
    """A document with some of its values replaced or gone."""
    data = copy.deepcopy(draw(st.sampled_from(STARTS)))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from([each for each in places(data) if each]))
        around = data
        for key in path[:-1]:
            around = around[key]
        if draw(st.booleans()):
            around[path[-1]] = draw(VALUES)
        else:
            del around[path[-1]]
    return data


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.seen = set()

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)


def seen(contents):
    """The report of files with these contents: what was gathered, the page's tags, the document."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "hosts"))
        for number, content in enumerate(contents):
            made.put(folder, "{}.json".format(number), content)
        gathered = reading.gather(folder)
    fleet = overview.survey(gathered.hosts, gathered.findings)
    tags = Tags()
    tags.feed(page.html(fleet).decode("utf-8"))
    return gathered, tags.seen, json.dumps(document.content(fleet), allow_nan=False)


@settings(deadline=None)
@given(st.lists(spoiled(), min_size=1, max_size=3))
def test_documents_with_anything_in_them(documents):
    """Each is a host or a finding; the page has no element of theirs."""
    gathered, tags, _ = seen([json.dumps(each) for each in documents])
    assert len(gathered.hosts) + len(gathered.findings) == len(documents)
    assert "script" not in tags


@settings(deadline=None)
@given(st.sampled_from(STARTS), st.data())
def test_files_with_any_bytes(start, data):
    """Cut anywhere, with any byte anywhere."""
    content = bytearray(json.dumps(start).encode("utf-8"))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    gathered, _, _ = seen([bytes(content)])
    assert len(gathered.hosts) + len(gathered.findings) == 1
