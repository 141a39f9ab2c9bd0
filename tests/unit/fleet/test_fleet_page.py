"""The page: what stands in it, that nothing from a host is markup, and that its colours can be read."""

import base64
import hashlib
import html.parser
import re

import pytest

import fleet_maker as made
from offkit.fleet import markup, overview, page
from offkit.fleet.host import from_json
from offkit.model.finding import ERROR, Finding

VOID = {"meta", "link", "br", "hr", "img", "input"}
OPTIONAL = {"dt", "dd", "html", "body"}  # whose end tags may be left out
KNOWN = {
    "a", "b", "caption", "dd", "details", "div", "dl", "dt", "footer", "h1", "h2", "h3", "header", "html", "i",
    "li", "main", "meta", "nav", "p", "pre", "rect", "section", "span", "style", "summary", "svg", "table",
    "tbody", "td", "th", "thead", "title", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "aria-hidden", "aria-label", "aria-labelledby", "charset", "class", "content", "height", "href",
    "http-equiv", "id", "lang", "name", "open", "role", "rx", "scope", "tabindex", "width", "x",
}  # fmt: skip
EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&amp;</pre></style>{}\u202e\x1b[31m\x00"


class Reader(html.parser.HTMLParser):
    """The elements of a page, its text, and what is not closed."""

    def __init__(self, content):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.wrong, self.words = [], [], [], []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID | OPTIONAL:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in OPTIONAL:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append((tag, self.getpos()))

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def drawn(*documents, findings=()):
    return page.html(overview.survey([from_json(each) for each in documents], findings)).decode("utf-8")


def fleet():
    return [
        made.sick("web07", "libSM.so.6", "libICE.so.6"),
        made.sick("web08", "libSM.so.6", "libICE.so.6"),
        made.host("web01"),
        made.host("app1", made.well(2500.4, 16), server=made.EL9),
        made.lost("db01", "No route to host", made.well()),
    ]


def test_what_a_command_said_beside_its_findings():
    """Its error with the cure, unless a finding says the same; what came on stderr where there is none."""
    lacks = made.found("PY020", "", message="no Python 3.6", fix="an ISO")
    refusal = dict(made.refused("not for el9", lacks), fix="another bundle")

    def shown(document, **more):
        results = {"deploy": made.ended(document, 4, **more)}
        return Reader(drawn(dict(made.host("web01", results), generation=""))).text

    assert "deploy not for el9 another bundle" in shown(refusal)
    same = shown(dict(made.refused("no Python 3.6", lacks), fix="another bundle"))
    assert "another bundle" not in same
    assert "deploy no Python" not in same
    assert "deploy killed by something" in shown({}, stderr="killed by something")


def test_everything_is_on_it():
    """The verdict, the cure, the lost, the matrix, the rates, each host's findings and times."""
    read = Reader(drawn(*fleet()))
    assert "2 of 5 hosts are healthy" in read.text
    assert "2 hosts on el7 x86_64 web07 , web08" in read.text
    assert made.YUM + "libICE libSM" in read.text
    assert "db01 No route to host 2026-01-02 03:06:00 UTC" in read.text
    assert "has problems: web07 el7 x86_64 3.6.8 0001-6be1b615 ✓ ok ✓ ok ✗ 2 errors" in read.text
    assert "healthy: app1 el9 x86_64 3.9.18 0001-6be1b615 ✓ ok ✓ ok ✓ ok ✓ ok ✓ ok ✓ ok 2,500 ok" in read.text
    assert "Frames a second on 3 hosts, slowest first. Median 1,662, fastest 2,500." in read.text
    assert "error LIB001 libSM.so.6 is missing; needed by cv2 · 2 hosts" in read.text
    assert "looked in 2 places /lib64 /usr/lib64" in read.text
    assert "doctor 2026-01-02 03:05:00 UTC, exited with 1" in read.text
    assert "verify 2026-01-02 03:06:00 UTC, ok, from before the host was lost" in read.text
    widths = [of["width"] for tag, of in read.tags if tag == "rect" and of.get("height") == "14"]
    assert widths == ["66.5%", "66.5%", "100.0%"]


def test_its_parts_are_all_closed():
    """Every element ends where it should."""
    read = Reader(drawn(*fleet()))
    assert (read.wrong, read.open) == ([], [])


def test_it_stands_alone():
    """No script, nothing from elsewhere, and a policy that forbids both but for the style sheet."""
    content = drawn(*fleet())
    read = Reader(content)
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
    for tag, attributes in read.tags:
        assert not {"src", "srcset", "style", "data", "action"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in content
    assert "@import" not in content
    style = re.search(r"<style>(.*?)</style>", content, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    (policy,) = [of["content"] for _, of in read.tags if of.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'".format(
        digest
    )


def evil_host():
    """Every text of a host says something bad."""

    def spoil(value):
        if isinstance(value, str):
            keep = re.match(r"offkit/|\d{4}-\d\d-\d\dT|error$|warning$|info$|LIB|PKG", value)
            return value if keep else value + EVIL
        if isinstance(value, list):
            return [spoil(each) for each in value]
        if isinstance(value, dict):
            return {key: spoil(each) for key, each in value.items()}
        return value

    sick = made.sick("web07", "libSM.so.6")
    finding = made.found("LIB003" + EVIL, EVIL, "warning", EVIL, EVIL + "\n" + EVIL, [EVIL])
    sick["results"]["doctor"]["document"]["findings"].append(finding)
    sick["results"]["deploy"] = made.ended(None, 1, stderr=EVIL + "\n" + EVIL)
    sick["results"][EVIL] = made.ended(made.refused(EVIL + "\n" + EVIL), 9)
    return spoil(sick)


@pytest.mark.parametrize("reachable", [True, False])
def test_what_a_host_says_is_never_markup(reachable):
    """Names, sonames, messages, cures and paths with tags, quotes and entities in them."""
    document = dict(evil_host(), reachable=reachable)
    findings = [Finding("FLEET002", ERROR, EVIL, EVIL, (EVIL,), EVIL)]
    content = drawn(document, findings=findings)
    read = Reader(content)
    assert not {tag for tag, _ in read.tags} & {"script", "img"}
    assert (read.wrong, read.open) == ([], [])
    assert "<script>alert(1)</script>" in read.text
    for _, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", content)
    assert r"\u202e\x1b[31m\x00" in content


def test_a_text_within_quotes():
    """Neither kind of quote ends an attribute."""
    assert markup.text("a\"b'c<d>&\u202e\n") == "a&quot;b&#x27;c&lt;d&gt;&amp;\\u202e\\n"


def test_for_those_who_do_not_see_it():
    """A language, headings in order, a caption for each table, a scope for each heading of it."""
    content = drawn(*fleet())
    read = Reader(content)
    tags = [tag for tag, _ in read.tags]
    assert read.tags[0] == ("html", {"lang": "en"})
    assert tags.count("h1") == tags.count("main") == tags.count("nav") == 1
    assert tags.count("caption") == tags.count("table") == 3
    assert all(of.get("scope") in ("row", "col") for tag, of in read.tags if tag == "th")
    identities = [of["id"] for _, of in read.tags if "id" in of]
    assert len(identities) == len(set(identities))
    targets = {of["href"][1:] for tag, of in read.tags if tag == "a"}
    assert targets <= set(identities)
    assert {of["aria-labelledby"] for tag, of in read.tags if tag == "section"} <= set(identities)
    assert [of for tag, of in read.tags if tag == "svg" and of != {"aria-hidden": "true"}] in (
        [],
        [{"class": "share", "aria-hidden": "true"}],
    )
    assert read.tags[[of.get("class") for _, of in read.tags].index("skip")][1]["href"] == "#main"


def palettes():
    """The variables of the style sheet: by day, by night, on paper."""
    content = drawn(made.host())
    found = []
    for block in re.findall(r":root \{(.*?)\}", content, re.DOTALL):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", block))
        found.append({**found[0], **colours} if found else colours)
    assert len(found) == 3
    return found


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(char * 2 for char in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255.0 for at in (0, 2, 4)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_right():
    """The two ends of the scale."""
    assert round(contrast("#000", "#ffffff"), 2) == 21
    assert contrast("#777777", "#777777") == 1


@pytest.mark.parametrize("number", [0, 1, 2], ids=["light", "dark", "print"])
def test_colours_can_be_read(number):
    """WCAG AA: 4.5 to 1 for every text on every ground it stands on, 3 to 1 for bars and outlines."""
    colours = palettes()[number]
    pairs = [(text, ground) for text in ("ink", "soft", "link") for ground in ("page", "card", "sunk")] + [
        (text, ground) for text in ("ok", "warn", "bad", "lost") for ground in ("page", "card", "sunk")
    ]
    pairs += [("warn", "warnbg"), ("bad", "badbg"), ("lost", "lostbg"), ("ok", "okbg")]
    low = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: round(value, 2) for pair, value in low.items() if value < 4.5} == {}
    marks = [("bar", "sunk"), ("link", "card"), ("link", "page")]
    low = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in marks}
    assert {pair: round(value, 2) for pair, value in low.items() if value < 3} == {}


def test_the_healthy_of_many_are_folded():
    """What needs somebody is in sight; all the others are in the page."""
    many = [made.host("node{:03}".format(number)) for number in range(60)]
    content = drawn(made.sick("web07", "libSM.so.6"), *many)
    assert "<summary>60 more hosts, all healthy</summary>" in content
    assert "<summary>60 healthy hosts</summary>" in content
    assert "<summary>20 faster hosts</summary>" in content
    assert Reader(content).wrong == []
    for number in range(60):
        assert content.count(">node{:03}<".format(number)) == 3


def test_a_cure_for_many_names_them_for_limit():
    """Thirteen and more: folded, as Ansible takes them."""
    names = ["web{:02}".format(number) for number in range(13)]
    content = drawn(*(made.sick(name, "libSM.so.6") for name in names))
    assert ">{}</pre>".format(",".join(names)) in content


def test_a_command_that_ended_without_a_finding():
    """Its last words stand among what is wrong, and with the host."""
    results = dict(made.well(), verify=made.ended(None, 137, stderr="Loading\nKilled"))
    read = Reader(drawn(made.host("web01", results)))
    assert "What is wrong, and where web01 verify exited with 137: Killed" in read.text
    assert "verify Loading\nKilled" in " ".join(read.words).replace("  ", " ")


def test_a_long_name_may_be_broken_and_a_short_one_not():
    """Else one name pushes the states of all hosts out of sight."""
    content = drawn(made.host("web01"), made.host("w" * 33), made.lost("v" * 33, "No route to host"))
    found = re.findall(r"<th scope=row( class=long)?>(?:<span.*?</span>|<i>.*?</i>)*<a [^>]*>(\w+)<", content)
    assert set(found) == {("", "web01"), (" class=long", "w" * 33), (" class=long", "v" * 33)}


def test_the_rate_in_the_middle():
    """Of an even number of hosts it lies between the two."""
    content = drawn(
        *(made.host(name, made.well(rate)) for name, rate in [("a", 100), ("b", 300), ("c", 200)])
    )
    assert "Median 200, fastest 300." in content
    content = drawn(*(made.host(name, made.well(rate)) for name, rate in [("a", 100), ("b", 300)]))
    assert "Median 200, fastest 300." in content


def test_a_healthy_fleet_and_none():
    """No part without a content."""
    content = drawn(made.host("a"), made.host("b"))
    assert "<title>All 2 hosts are healthy</title>" in content
    assert "What to run" not in content
    assert "The one host is healthy" in drawn(made.host("a"))
    bad = Finding("FLEET002", ERROR, "web01.json", "is empty")
    none = drawn(findings=[bad])
    assert "Files that could not be read" in none
    assert "is empty" in none


def test_the_same_fleet_makes_the_same_bytes():
    """No clock, no order by chance."""
    assert drawn(*fleet()) == drawn(*fleet()[::-1])


def test_only_elements_and_attributes_that_are_meant():
    """Whatever state the hosts are in."""
    old = dict(made.host("old", {"verify": made.ended(made.film(), time="2020-01-02T03:04:00Z")}))
    tags = Reader(drawn(*fleet(), old)).tags
    assert {tag for tag, _ in tags} <= KNOWN
    assert {name for _, attributes in tags for name in attributes} <= ATTRIBUTES
