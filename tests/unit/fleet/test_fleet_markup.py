"""The pieces of the page, letter by letter: cells, bars, findings, facts, tables and their folds."""

import re

import pytest

import fleet_maker as made
from offkit.fleet import card, health, markup, overview, page, tables
from offkit.fleet.health import Cell
from offkit.fleet.host import from_json
from offkit.model.finding import Finding


def surveyed(*documents):
    return overview.survey([from_json(each) for each in documents])


def numbered(fleet):
    return {one.host.name: number for number, one in enumerate(fleet.hosts)}


def drawn(*documents):
    return page.html(surveyed(*documents)).decode("utf-8")


def section(content, identity):
    """What stands below the heading of a section of the page, "" where there is no such section."""
    found = re.search(r'<section id="{}".*?</h2>\n(.*?)\n</section>'.format(identity), content, re.DOTALL)
    return found.group(1) if found else ""


@pytest.mark.parametrize(
    ("cell", "number", "expected"),
    [
        (Cell("error", 1), "", "<b class=e>✗ 1</b><i> error</i>"),
        (Cell("error", 2, 5), "", "<b class=e>✗ 2</b><i> errors</i>"),
        (Cell("warning", 0, 1), "", "<b class=w>! 1</b><i> warning</i>"),
        (Cell("warning", 0, 3), "", "<b class=w>! 3</b><i> warnings</i>"),
        (Cell("ok", 0, 0), "", "<b class=o>✓</b><i> ok</i>"),
        (Cell("ok"), "1,662", "<b class=o>1,662</b><i> ok</i>"),
        (Cell("ok", stale=True), "1,662", '<b class="o old">1,662</b><i> ok, out of date</i>'),
        (Cell("error", 2, 0, True), "", '<b class="e old">✗ 2</b><i> errors, out of date</i>'),
        (Cell("unknown"), "", "<b class=q>?</b><i> unknown</i>"),
        (Cell("unknown", 1, 1), "", "<b class=q>?</b><i> unknown</i>"),
        (Cell("none"), "", "<b class=n>–</b>"),
        (Cell("none", stale=True), "", "<b class=n>–</b>"),
    ],
)
def test_a_cell(cell, number, expected):
    """Sign, number and words of each state; what was not checked has no words."""
    assert markup.check(cell, number) == "<td class=c>{}</td>".format(expected)


def test_small_pieces():
    """Signs with their words, the legend, codes, folds and headings."""
    assert [markup.state(one) for one in ("problems", "unreached", "healthy")] == [
        '<span class="st b"><i>has problems: </i></span>',
        '<span class="st u"><i>not reached: </i></span>',
        '<span class="st k"><i>healthy: </i></span>',
    ]
    assert markup.key() == (
        '<ul class="key" aria-label="Legend"><li>✗ errors</li><li>! warnings</li><li>✓ ok</li>'
        "<li>? unknown</li><li>– not checked</li><li>* out of date</li></ul>"
    )
    assert [markup.code(one, "A<1") for one in ("error", "warning", "info")] == [
        '<span class="code e"><i>error </i>A&lt;1</span>',
        '<span class="code w"><i>warning </i>A&lt;1</span>',
        '<span class="code n"><i>info </i>A&lt;1</span>',
    ]
    assert markup.details("<b>", "<i>") == "<details><summary><b></summary><i></details>"
    assert markup.details("a", "b", "p1", True) == '<details id="p1" open><summary>a</summary>b</details>'
    assert markup.section("x", "A & B", ["<p>", "<b>"]) == (
        '<section id="x" aria-labelledby="x-h"><h2 id="x-h">A &amp; B</h2>\n<p>\n<b>\n</section>'
    )
    assert markup.block("\n\n a<b\n\nc\u202e\n\n") == " a&lt;b\n\nc\\u202e"


def test_bars():
    """Shares follow each other and are 100 % together; no bar is wider than its place."""
    assert markup.share([("healthy", 1), ("problems", 0), ("unreached", 2)]) == (
        '<svg class="share" aria-hidden="true"><rect class="k" x="0.00%" width="33.33%" height="12"/>'
        '<rect class="u" x="33.33%" width="66.67%" height="12"/></svg>'
    )
    assert markup.share([("healthy", 0)]) == '<svg class="share" aria-hidden="true"></svg>'
    assert [re.findall('width="([^"]*)"', markup.bar(part)) for part in (-1, 0.256, 1, 7)] == [
        ["0.0%"], ["25.6%"], ["100.0%"], ["100.0%"],
    ]  # fmt: skip
    assert markup.bar(0.5) == '<svg aria-hidden="true"><rect width="50.0%" height="14" rx="4"/></svg>'


def test_a_finding():
    """One line of it, then the rest, the cure and the places; or a link to where they stand."""
    whole = Finding(
        "LIB001", "error", "a.so", " is missing\nmore <of> it\n", ("/lib", "/lib64"), "yum\ninstall"
    )
    head = '<li><span class="code e"><i>error </i>LIB001</span> <b>a.so</b> is missing'
    assert card.finding(whole) == head + (
        '<pre>more &lt;of&gt; it</pre><pre tabindex="0" aria-label="Cure">yum\ninstall</pre>'
        '<details><summary><span class="soft small">looked in 2 places</span></summary>'
        '<ul class="places"><li>/lib</li><li>/lib64</li></ul></details></li>'
    )
    assert card.finding(whole, "p7") == head + ' <a href="#p7">cure</a></li>'
    bare = Finding("X001", "info", "", "is so")
    assert card.finding(bare) == '<li><span class="code n"><i>info </i>X001</span> is so</li>'
    assert "looked in 1 place</span>" in card.finding(whole._replace(looked_in=("/lib",)))


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (0.04, "0.0"), (9.94, "9.9"), (10, "10"), (10.6, "11"), (1661.8, "1,662")],
)
def test_a_rate(value, words):
    """Below ten with a digit behind the point."""
    assert card.rate(value) == words


def test_what_runs_there():
    """In full with its own name, short by its release where that is known."""
    server = from_json(made.host("a")).server
    assert card.system(server) == "CentOS Linux 7 (Core) x86_64"
    assert card.system(server, short=True) == "el7 x86_64"
    assert card.system(server._replace(el=0), short=True) == "CentOS Linux 7 (Core) x86_64"
    assert card.system(server._replace(system="", arch="")) == ""
    assert (card.system(None), card.system(None, short=True)) == ("", "")
    assert card.when("2026-01-31T12:00:00Z") == "2026-01-31 12:00:00 UTC"


def carded(document, where=None, spread=None, opened=False, newest="2026-01-02T03:06:00Z"):
    """The card of a host: (its heading, what is below it)."""
    one = health.judge(from_json(document), newest)
    found = re.match(
        r"<details(.*?)><summary>(.*?)</summary><div>(.*)</div></details>$",
        card.card(one, "h3", where or {}, spread or {}, opened),
        re.DOTALL,
    )
    assert found.group(1) == ' id="h3"' + (" open" if opened else "")
    return found.group(2), found.group(3)


FACTS = (
    "<dl class=facts><dt>System<dd>CentOS Linux 7 (Core) x86_64<dt>glibc<dd>2.17<dt>Python<dd>3.6.8"
    "<dt>Generation<dd>0001-6be1b615<dt>Groups<dd>web, db"
)


def test_the_card_of_a_host_in_order():
    """What it is, and when each command ran."""
    head, inside = carded(made.host("web<1", groups=("web", "db")))
    assert head == '<span class="st k"><i>healthy: </i></span><b>web&lt;1</b>'
    assert inside == FACTS + (
        "<dt>deploy<dd>2026-01-02 03:04:00 UTC, ok<dt>doctor<dd>2026-01-02 03:05:00 UTC, ok"
        "<dt>verify<dd>2026-01-02 03:06:00 UTC, ok</dl>"
    )
    assert carded(made.host("web<1"), opened=True)[0] == head


def test_the_card_of_a_host_of_which_nothing_is_known():
    """No list without an entry, and the first line of why."""
    bare = dict(made.lost("db1", "No route\nto host"), server=None, generation="", groups=[])
    head, inside = carded(bare)
    assert head == (
        '<span class="st u"><i>not reached: </i></span><b>db1</b> <span class="soft">No route</span>'
    )
    assert inside == ""


def test_results_that_count_no_more():
    """Overtaken by a later one, or old beside the others; how each ended."""
    results = dict(
        made.well(),
        rollback=made.ended(made.switched(), time="2026-01-01T03:00:00Z"),
        verify=made.ended(None, 3, "2026-01-01T03:05:00Z", "gone"),
    )
    _, inside = carded(made.host("a", results, groups=("web", "db")))
    assert inside == FACTS + (
        '<dt>rollback<dd>2026-01-01 03:00:00 UTC, ok, <span class="old">superseded by a later one</span>'
        "<dt>verify<dd>2026-01-01 03:05:00 UTC, exited with 3, "
        '<span class="old">from before the deployment of 2026-01-02T03:04:00Z</span>'
        "<dt>deploy<dd>2026-01-02 03:04:00 UTC, ok<dt>doctor<dd>2026-01-02 03:05:00 UTC, ok</dl>"
        "<p><b>verify</b> gone</p>"
    )


NOTES = [made.found("REPO00{}".format(number), "r", "info", "so", "cure") for number in range(3)]


def test_findings_on_a_card():
    """The heavy ones first; the cure of a widespread one stands elsewhere, and widespread notes are brief."""
    warning = made.found("PY001", "ssl", "warning", "odd", "fix")
    error = made.found("LIB001", "a.so", "error", "gone", "yum")
    naked = dict(made.found("ENV001", "", "info", "so"), fix="")
    doctor = made.ended(made.doctor(NOTES[0], NOTES[1], NOTES[2], naked, warning, error), 1)
    where = {(each["severity"], each["code"], each["subject"], each["fix"]): "p{}".format(number)
             for number, each in enumerate([error, warning, *NOTES, naked])}  # fmt: skip
    spread = {"p0": 4, "p1": 3, "p2": 4, "p3": 3, "p4": 9, "p5": 4}
    _, inside = carded(made.host("a", dict(made.well(), doctor=doctor)), where, spread)
    assert inside.partition("</dl>")[2] == (
        '<ul class="finds">'
        '<li><span class="code e"><i>error </i>LIB001</span> <b>a.so</b> gone <a href="#p0">cure</a></li>'
        '<li><span class="code w"><i>warning </i>PY001</span> <b>ssl</b> odd'
        '<pre tabindex="0" aria-label="Cure">fix</pre></li>'
        '<li><span class="code n"><i>info </i>REPO001</span> <b>r</b> so'
        '<pre tabindex="0" aria-label="Cure">cure</pre></li></ul>'
        '<p class="brief">Notes: <a href="#p2">REPO000 r</a>, <a href="#p4">REPO002 r</a>, '
        '<a href="#p5">ENV001</a></p>'
    )
    doctor = made.ended(made.doctor(NOTES[0]))
    _, inside = carded(made.host("a", dict(made.well(), doctor=doctor)), where, spread)
    assert inside.partition("</dl>")[2] == '<p class="brief">Notes: <a href="#p2">REPO000 r</a></p>'
    _, inside = carded(made.host("a", dict(made.well(), doctor=doctor)), where, {})
    assert inside.partition("</dl>")[2].startswith('<ul class="finds"><li><span class="code n">')


ERROR = made.found("PY020", "x", "error", "no Python 3.6", "an ISO")
WARNING = made.found("PY021", "x", "warning", "no Python 3.7", "an ISO")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (made.ended(made.installed()), ""),
        (made.ended(made.refused("no room"), 4), "<p><b>deploy</b> no room</p>"),
        (made.ended(dict(made.refused("no room"), fix="make\nit"), 4),
         "<p><b>deploy</b></p><pre tabindex=0>no room\nmake\nit</pre>"),
        (made.ended(made.refused("no Python 3.6", ERROR), 4), ""),
        (made.ended(made.refused("not here", ERROR), 4), "<p><b>deploy</b> not here</p>"),
        (made.ended(dict(made.refused("no Python 3.7", WARNING), fix="x"), 4),
         "<p><b>deploy</b> deploy: no Python 3.7</p>"),
        (made.ended(dict(made.installed(), findings=7)), "<p><b>deploy</b> findings is a number, not a list</p>"),
        (made.ended(None, 9, stderr="one\ntwo <3\n"), "<p><b>deploy</b></p><pre tabindex=0>one\ntwo &lt;3</pre>"),
        (made.ended(made.installed("install", WARNING), 9, stderr="one"), "<p><b>deploy</b> deploy exited with 9: one</p>"),
        (made.ended(made.installed("install", ERROR), 9, stderr="one"), ""),
        (made.ended(None, 9), "<p><b>deploy</b> deploy exited with 9</p>"),
        (made.ended(None, 0), "<p><b>deploy</b> deploy: no document</p>"),
    ],
    ids=range(12),
)  # fmt: skip
def test_what_a_command_said(result, said):
    """Its error and cure, what of it is unclear, its last words; once each, and nothing that a finding says."""
    _, inside = carded(made.host("a", {"deploy": result}))
    assert inside.partition("</dl>")[2].partition('<ul class="finds">')[0] == said


def test_the_table_of_the_lost():
    """Their last result, or never; in the order of the fleet."""
    fleet = surveyed(made.lost("b"), made.lost("a", "Why <not>", made.well()), made.host("c"))
    assert tables.unreached(fleet, numbered(fleet)) == [
        '<div class="scroll"><table><caption class="hide">Hosts that were not reached, and why</caption>'
        '<thead><tr><th scope="col">Host</th><th scope="col">Why</th>'
        '<th scope="col">Last result</th></tr></thead><tbody>',
        '<tr><th scope=row><a href="#h0">a</a></th><td class=any>Why &lt;not&gt;</td>'
        "<td class=nowrap>2026-01-02 03:06:00 UTC</td></tr>",
        '<tr><th scope=row><a href="#h1">b</a></th><td class=any>No route to host</td>'
        "<td class=nowrap>never</td></tr>",
        "</tbody></table></div>",
    ]
    assert tables.unreached(surveyed(made.host("c")), {"c": 0}) == []


def test_the_table_of_checks():
    """Facts, a dash for those that nobody knows, a cell for each check; the film's is its rate, if it is well."""
    bad = dict(made.host("b", dict(made.well(), verify=made.ended(dict(made.film(), verified=False), 1))))
    fleet = surveyed(made.host("a"), dict(bad, server=None, generation=""))
    caption = "Result of each check on each host; hosts that need attention come first"
    ok = "<td class=c><b class=o>✓</b><i> ok</i></td>"
    head = "".join('<th scope="col" class="c"><span>{}</span></th>'.format(word) for word in (
        "Installed", "Interpreter", "Libraries", "Packages", "Machine", "Yum", "Frames/s"))  # fmt: skip
    assert tables.matrix(fleet, numbered(fleet)) == [
        '<div class="scroll" role="region" aria-label="{0}" tabindex="0">'
        '<table class="matrix"><caption class="hide">{0}</caption><thead><tr><th scope="col">Host</th>'
        '<th scope="col" class=f>System</th><th scope="col" class=f>Python</th>'
        '<th scope="col" class=f>Generation</th>{1}</tr></thead><tbody>'.format(caption, head),
        '<tr><th scope=row><span class="st b"><i>has problems: </i></span><a href="#h0">b</a></th>'
        + "<td class=f>–</td>" * 3 + ok * 6 + "<td class=c><b class=e>✗ 1</b><i> error</i></td></tr>",
        '<tr><th scope=row><span class="st k"><i>healthy: </i></span><a href="#h1">a</a></th>'
        "<td class=f>el7 x86_64</td><td class=f>3.6.8</td><td class=f>0001-6be1b615</td>"
        + ok * 6 + "<td class=c><b class=o>1,662</b><i> ok</i></td></tr>",
        "</tbody></table></div>",
        markup.key(),
    ]  # fmt: skip
    assert tables.matrix(surveyed(), {}) == []


def test_the_table_of_rates():
    """Slowest first, as parts of the fastest; a rate that is old looks so, and processes that nobody told."""
    old = made.lost("c", "gone", made.well(400))
    fleet = surveyed(made.host("a", made.well(800, 0)), made.host("b", made.well(200, 16)), old)
    lines = tables.speed(fleet, {"a": 0, "b": 1, "c": 2})
    assert lines[0] == "<p>Frames a second on 3 hosts, slowest first. Median 400, fastest 800.</p>"
    assert lines[1:] == [
        '<table class="bars"><caption class="hide">Frames a second of run-badapple on each host</caption>'
        '<thead><tr><th scope="col">Host</th><th scope="col"><i>As a bar</i></th>'
        '<th scope="col">Frames/s</th><th scope="col" class=f>Processes</th></tr></thead><tbody>',
        '<tr><th scope=row><a href="#h1">b</a></th><td>{}</td><td>200</td><td class=f>16</td></tr>'.format(
            markup.bar(0.25)),
        '<tr><th scope=row><a href="#h2">c</a></th><td>{}</td><td class=old>400</td><td class=f>2</td></tr>'.format(
            markup.bar(0.5)),
        '<tr><th scope=row><a href="#h0">a</a></th><td>{}</td><td>800</td><td class=f>–</td></tr>'.format(
            markup.bar(1)),
        "</tbody></table>",
    ]  # fmt: skip
    assert tables.speed(surveyed(made.lost("a")), {"a": 0}) == []
    assert tables.speed(surveyed(made.host("a")), {"a": 0})[0].startswith("<p>Frames a second on 1 host, ")


@pytest.mark.parametrize(("healthy", "folded"), [(40, False), (42, True)])
def test_the_healthy_are_folded_from_a_number_on(healthy, folded):
    """Forty rows are in sight; of more only those that need somebody, or some of them all the same."""
    hosts = [made.host("n{:02}".format(number), made.well(100 + number)) for number in range(healthy)]
    content = drawn(*hosts)
    grid = section(content, "checks")
    assert grid.count("<tr><th scope=row>") == healthy
    assert [fold for fold in re.findall("<summary>(.*?)</summary>", content) if "<" not in fold] == (
        ["2 more hosts, all healthy", "2 faster hosts", "42 healthy hosts"] if folded else []
    )
    if folded:
        first, _, rest = grid.partition('<div class="more">')
        assert (first.count("<tr><th"), rest.count("<tr><th")) == (41, 3)
        assert 'aria-label="Healthy hosts"' in rest
        assert ">n41</a>" in rest
        assert rest.endswith("</div>\n" + markup.key())
        assert [line for line in section(content, "hosts").splitlines() if "<summary>42" in line]
    old = made.host("old", {"doctor": made.ended(made.doctor(), time="2025-01-02T03:05:00Z")})
    shown = section(drawn(*hosts, old), "checks").partition('<div class="more">')
    assert [name for name in ("old", "n01", "n40") if ">{}</a>".format(name) in shown[0]] == ["old"]
    assert shown[2].count("<tr><th scope=row>") == healthy


def test_a_page_about_nobody():
    """No host is no fleet of healthy ones."""
    assert "<title>No host has reported</title>" in drawn()


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ("h", "The one host is healthy"),
        ("p", "The one host is not healthy"),
        ("hh", "All 2 hosts are healthy"),
        ("hp", "1 of 2 hosts is healthy"),
        ("hhu", "2 of 3 hosts are healthy"),
        ("pu", "None of 2 hosts are healthy"),
        ("uu", "None of 2 hosts are healthy"),
    ],
)
def test_the_head_of_the_page(states, verdict):
    """Its title, the verdict, the newest result, a bar and a number for each state."""
    makers = {"h": made.host, "u": made.lost, "p": lambda name: made.sick(name, "libSM.so.6")}
    hosts = [makers[state]("h{}".format(number)) for number, state in enumerate(states)]
    content = drawn(*hosts)
    assert "<title>{}</title>".format(verdict) in content
    head = content[content.index("<header>") : content.index('<nav aria-label="Sections">')]
    number = {state: states.count(state) for state in "hpu"}
    newest = "Newest result 2026-01-02 03:0{}:00 UTC".format(6 if number["h"] else 5)
    if states == "uu":
        newest = "No results yet"
    assert head.splitlines() == [
        "<header>",
        '<p class="over">offkit · fleet report</p>',
        "<h1>{}</h1>".format(verdict),
        '<p class="soft">{}</p>'.format(newest),
        markup.share([("healthy", number["h"]), ("problems", number["p"]), ("unreached", number["u"])]),
        '<ul class="counts"><li class="k"><b>{}</b> healthy</li><li class="b"><b>{}</b> with problems</li>'
        '<li class="u"><b>{}</b> not reached</li></ul>'.format(number["h"], number["p"], number["u"]),
    ]


def test_the_sections_of_the_page():
    """Those with a content, in their order, each with its link."""
    content = drawn(made.sick("web07", "libSM.so.6"), made.lost("db1"), made.host("a"))
    titles = [
        ("cures", "What to run"), ("unreached", "Not reached"), ("checks", "Hosts and checks"),
        ("problems", "What is wrong, and where"), ("speed", "Speed of run-badapple"), ("hosts", "Each host"),
    ]  # fmt: skip
    assert re.findall('<section id="(.*?)".*?<h2 .*?>(.*?)</h2>', content) == titles
    links = "".join('<a href="#{}">{}</a>'.format(*each) for each in titles)
    assert (
        '</ul>\n<nav aria-label="Sections">{}</nav>\n</header>\n<main id="main">\n<section'.format(links)
        in content
    )
    assert '<a class="skip" href="#main">Skip to the results</a>\n<header>' in content
    assert content[content.index("</main>") :].startswith(
        "</main>\n<footer><p>Made by offkit report from what each host reported. Results marked * are from "
        "before a change or a loss, or older than the others.</p></footer>"
    )
    assert re.findall('<section id="(.*?)"', drawn()) == []
    bad = Finding("FLEET002", "error", "web01.json", "is empty", (), "remove it")
    content = page.html(overview.survey([], [bad])).decode("utf-8")
    assert section(content, "files") == '<ul class="finds">\n{}\n</ul>'.format(card.finding(bad))


def test_what_to_run():
    """For whom, the line, what it brings, and where something has changed since."""
    changed = made.sick("web2", "libSM.so.6", "libICE.so.6")
    changed["results"]["deploy"]["time"] = "2026-01-02T03:05:30Z"
    content = drawn(made.sick("web1", "libSM.so.6", "libICE.so.6"), changed)
    assert section(content, "cures") == (
        '<div class="cure"><h3>2 hosts on el7 x86_64</h3>'
        '<p><a href="#h1">web1</a>, <a href="#h0">web2</a></p>'
        '<pre tabindex="0" aria-label="Command">{}libICE libSM</pre>'
        '<p class="soft small">It installs libICE.so.6, libSM.so.6.</p>'
        '<p>Something changed on <a href="#h0">web2</a> since the doctor ran: run it again.</p></div>'
    ).format(made.YUM.replace("'", "&#x27;"))
    bare = made.sick("web1", "libSM.so.6")
    bare["results"]["doctor"]["document"]["providers"] = []
    assert section(drawn(bare), "cures") == (
        '<div class="cure"><h3>1 host on el7 x86_64</h3><p><a href="#h0">web1</a></p>'
        '<pre tabindex="0" aria-label="Command">{}libSM</pre></div>'
    ).format(made.YUM.replace("'", "&#x27;"))


@pytest.mark.parametrize("count", [12, 13])
def test_names_of_hosts(count):
    """Up to twelve lead to their cards; of more there is what --limit takes."""
    names = ["w{:02}".format(number) for number in range(count)]
    found = page._folded(names, {name: number for number, name in enumerate(names)})
    if count == 12:
        links = ['<a href="#h{}">w{:02}</a>'.format(number, number) for number in range(12)]
        assert found == "<p>{}</p>".format(", ".join(links))
    else:
        assert found == (
            "<details><summary>the 13 hosts, for --limit</summary>"
            '<div><pre tabindex="0" aria-label="Hosts">{}</pre></div></details>'.format(",".join(names))
        )


def test_what_is_wrong_and_where():
    """Errors and warnings, hosts that failed without one, and notes behind a fold."""
    note = made.found("REPO002", "base", "info", "needs a network\nalways", "none")
    hosts = [
        made.host("a", dict(made.well(), doctor=made.ended(made.doctor(note, ERROR), 1))),
        made.host("b", dict(made.well(), doctor=made.ended(made.doctor(note)))),
        made.host("c", dict(made.well(), verify=made.ended(None, 9, stderr="Killed"))),
    ]
    error, silent, notes = section(drawn(*hosts), "problems").splitlines()[0:1] + section(
        drawn(*hosts), "problems").split("\n", 1)[1].split("\n", 1)  # fmt: skip
    assert error == (
        '<details id="p0"><summary><span class="code e"><i>error </i>PY020</span> <b>x</b> no Python 3.6 '
        "<span class='soft'>· 1 host</span></summary><div><p><a href=\"#h0\">a</a></p>"
        '<pre tabindex="0" aria-label="Cure">an ISO</pre></div></details>'
    )
    assert silent == (
        '<ul class="finds silent"><li><a href="#h1">c</a> verify exited with 9: Killed</li></ul>'
    )
    assert notes == (
        '<details><summary><span class="soft">1 note, nothing wrong</span></summary><div>'
        '<details id="p1"><summary><span class="code n"><i>info </i>REPO002</span> <b>base</b> needs a network '
        "<span class='soft'>· 2 hosts</span></summary><div>"
        '<p><a href="#h0">a</a>, <a href="#h2">b</a></p><pre>always</pre>'
        '<pre tabindex="0" aria-label="Cure">none</pre></div></details></div></details>'
    )


@pytest.mark.parametrize("sick", [4, 5])
def test_cards_of_the_page(sick):
    """Those with problems are unfolded while they are few; the lost and the healthy never are."""
    hosts = [made.sick("s{}".format(number), "libSM.so.6") for number in range(sick - 1)]
    content = section(drawn(*hosts, made.lost("lost"), made.host("well")), "hosts")
    lines = content.splitlines()
    assert (lines[0], lines[-1]) == ('<div class="all">', "</div>")
    cards = re.findall(r'<details id="(h\d)"( open)?><summary>.*?<b>(.*?)</b>', content)
    is_open = " open" if sick == 4 else ""
    assert cards == [
        *(("h{}".format(number), is_open, "s{}".format(number)) for number in range(sick - 1)),
        ("h{}".format(sick - 1), "", "lost"),
        ("h{}".format(sick), "", "well"),
    ]
    assert content.count('<a href="#p0">cure</a>') == (4 if sick == 5 else 0)


def test_widespread_findings_lead_to_their_cure():
    """Of the very problem: by severity, code, subject and cure."""
    hosts = [made.sick("s{}".format(number), "libSM.so.6") for number in range(5)]
    content = drawn(*hosts)
    place = re.search(r'<details id="(p\d)"><summary>(?:(?!</summary>).)*LIB001', content).group(1)
    film = re.search(r'<details id="(p\d)"><summary>(?:(?!</summary>).)*VID001', content).group(1)
    cards = section(content, "hosts")
    assert (
        cards.count('<b>libSM.so.6</b> is missing; needed by cv2 <a href="#{}">cure</a>'.format(place)) == 5
    )
    assert cards.count('<a href="#{}">cure</a>'.format(film)) == 5
    assert place != film
