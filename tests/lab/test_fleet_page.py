"""The fleet report in a browser: what it shows, how wide it is, its colours, and that nothing in it runs.

The page has no script, and lets none in. So a page of ours holds it in a frame and looks inside.
"""

import html
import json
import os
import re

import cv2
import pytest

import fleet_maker as made
from browser import browse
from offkit.fleet import overview, page
from offkit.fleet.host import from_json

pytestmark = pytest.mark.skipif(
    os.environ.get("OFFKIT_LAB") == "0", reason="OFFKIT_LAB=0: the lab is not wanted"
)

HOLDER = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="frame" style="border:0;width:{width}px;height:900px"></iframe><pre id="told"></pre>
<script>
const frame = document.getElementById("frame");
frame.onload = () => {{
  const inside = frame.contentDocument, view = frame.contentWindow;
  const all = (what) => [...inside.querySelectorAll(what)];
  const style = (what) => view.getComputedStyle(typeof what == "string" ? inside.querySelector(what) : what);
  document.getElementById("told").textContent = JSON.stringify((() => {{ {look} }})());
}};
frame.srcdoc = {page};
</script>"""
EVIL = "</pre></details><script>document.title='run'</script><img src='nowhere.png' onerror='alert(1)'>"


def drawn(*documents):
    return page.html(overview.survey([from_json(each) for each in documents])).decode("utf-8")


def fleet():
    """Two hosts lack the same, one was refused, one is lost, two are well."""
    refusal = made.refused("no Python 3.6 that can install this bundle", made.found("PY020", ""))
    return drawn(
        made.sick("web07", "libSM.so.6", "libICE.so.6"),
        made.sick("web08.rack17.cluster.example", "libSM.so.6", "libICE.so.6"),
        made.host("db01", {"deploy": made.ended(refusal, 4)}),
        made.lost("db02", "ssh: connect to host db02 port 22: No route to host", made.well()),
        made.host("web01"),
        made.host("app1", made.well(2500.4, 16), server=made.EL9),
    )


def asked(tmp_path, content, look, *options, width=1000, silent=True):
    """What ``look``, the body of a JavaScript function, returns about the page."""
    holder = tmp_path / "holder.html"
    inside = json.dumps(content).replace("</", "<\\/")
    holder.write_text(HOLDER.format(width=width, look=look, page=inside), encoding="utf-8")
    dom = browse(tmp_path, "file://{}".format(holder), "--dump-dom", *options, silent=silent)
    return json.loads(html.unescape(re.search(r'<pre id="told">(.*?)</pre>', dom, re.DOTALL).group(1)))


def test_what_it_shows(tmp_path):
    """Headings, the matrix cell by cell, the line of yum, and who is behind it."""
    found = asked(
        tmp_path,
        fleet(),
        """return {
          title: inside.title, h1: inside.querySelector("h1").innerText,
          h2: all("h2").map(h => h.innerText),
          lines: all("#cures pre").map(pre => pre.innerText),
          cured: all("#cures .cure a").map(a => a.innerText),
          rows: all("#checks tbody tr").map(tr => [...tr.cells].map(cell => cell.innerText)),
          lost: all("#unreached tbody tr").map(tr => tr.innerText),
          bars: all("#speed tbody tr").map(tr => [tr.cells[0].innerText, tr.cells[2].innerText,
            Math.round(tr.querySelector("rect").getBoundingClientRect().width /
                       tr.querySelector("svg").getBoundingClientRect().width * 100)]),
        };""",
        width=1280,
    )
    assert found["title"] == found["h1"] == "2 of 6 hosts are healthy"
    assert found["h2"] == [
        "What to run",
        "Not reached",
        "Hosts and checks",
        "What is wrong, and where",
        "Speed of run-badapple",
        "Each host",
    ]
    assert found["lines"] == [made.YUM + "libICE libSM"]
    assert found["cured"] == ["web07", "web08.rack17.cluster.example"]
    rows = [[" ".join(cell.split()) for cell in row] for row in found["rows"]]
    assert [row[0] for row in rows] == [
        "has problems: web07",
        "has problems: web08.rack17.cluster.example",
        "has problems: db01",
        "not reached: db02",
        "healthy: app1",
        "healthy: web01",
    ]
    cells = rows[0]
    assert cells[1:4] == ["el7 x86_64", "3.6.8", "0001-6be1b615"]
    assert cells[4:] == ["✓ ok", "✓ ok", "✗ 2 errors", "✓ ok", "✓ ok", "✓ ok", "✗ 1 error"]
    assert found["lost"] == [
        "db02\tssh: connect to host db02 port 22: No route to host\t2026-01-02 03:06:00 UTC"
    ]
    assert found["bars"] == [["db02", "1,662", 67], ["web01", "1,662", 67], ["app1", "2,500", 100]]


def test_its_style_is_let_in_and_nothing_else(tmp_path):
    """Its own policy lets its own style sheet in; a script in it, were there one, is not run."""
    look = 'return [style("section").borderRadius, inside.title, all("script").length, all("img").length];'
    assert asked(tmp_path, fleet(), look) == ["14px", "2 of 6 hosts are healthy", 0, 0]
    forged = fleet().replace("<h1>", EVIL + '<p style="color:red" id="forged">x</p><h1>')
    look = 'return [inside.title, all("script").length, style("#forged").color == style("body").color];'
    assert asked(tmp_path, forged, look, silent=False) == ["2 of 6 hosts are healthy", 1, True]


def test_a_hostile_host_is_only_text(tmp_path):
    """Script in every name, soname and message: shown to the letter, and nothing on the console."""
    sick = made.sick("web07" + EVIL, "libSM.so.6" + EVIL)
    sick["message"] = sick["generation"] = EVIL
    sick["server"] = dict(made.EL7, system=EVIL, python=EVIL)
    look = """return [all("script, img").length, document.title,
      inside.querySelector("#hosts summary b").innerText];"""
    assert asked(tmp_path, drawn(sick), look) == [0, "", "web07" + EVIL]


@pytest.mark.parametrize("width", [1280, 768, 400, 320])
def test_it_fits(tmp_path, width):
    """No part is wider than the window, whatever is unfolded; what scrolls does so by itself."""
    found = asked(
        tmp_path,
        fleet(),
        """all("details").forEach(each => each.open = true);
        const wide = all("body *").filter(each => !each.closest(".scroll, svg, .hide, i") &&
          each.getBoundingClientRect().right > view.innerWidth + 1);
        return [inside.documentElement.scrollWidth, wide.map(each => each.outerHTML.slice(0, 80))];""",
        width=width,
    )
    assert found == [width, []]


def test_by_keyboard(tmp_path):
    """The first stop leads past the sections; each stop can be seen, and each fold is one."""
    found = asked(
        tmp_path,
        fleet(),
        """const skip = inside.querySelector(".skip"), before = skip.getBoundingClientRect().bottom;
        skip.focus();
        const after = skip.getBoundingClientRect().top;
        const blind = all("a, summary, [tabindex]").filter(each => {
          if (!each.checkVisibility()) return false;
          each.focus();
          return inside.activeElement !== each || style(each).outlineStyle == "none";
        });
        return [before < 0, after >= 0, blind.length, all("a, summary, [tabindex]").length > 40];""",
    )
    assert found == [True, True, 0, True]


def test_a_link_to_a_host_shows_it(tmp_path):
    """The fold that a name leads to shows its content, even while it is closed."""
    found = asked(
        tmp_path,
        fleet(),
        """const target = all("#hosts details").pop();
        target.open = false;
        const before = target.querySelector("dl").checkVisibility({contentVisibilityAuto: true});
        view.location.hash = target.id;
        return [before, target.matches(":target"), target.querySelector("dl").getBoundingClientRect().height > 20];""",
    )
    assert found == [False, True, True]


@pytest.mark.parametrize(
    ("scheme", "ground", "ink"),
    [(1, [245, 244, 240], [28, 32, 39]), (0, [19, 21, 25], [232, 230, 225])],
    ids=["light", "dark"],
)
def test_light_and_dark(tmp_path, scheme, ground, ink):
    """As the reader's system is: the ground in a picture of it, and the colour of its text."""
    option = "--blink-settings=preferredColorScheme={}".format(scheme)
    shown = tmp_path / "page.html"
    shown.write_text(fleet(), encoding="utf-8")
    picture = tmp_path / "page.png"
    browse(tmp_path, "file://{}".format(shown), "--screenshot={}".format(picture), option)
    pixels = cv2.imread(str(picture))
    assert list(pixels[5, 5][::-1]) == ground
    assert list(pixels[995, 5][::-1]) == ground
    assert len({tuple(each) for each in pixels[::7, ::7].reshape(-1, 3)}) > 10
    colour = asked(tmp_path, fleet(), 'return style("body").color;', option)
    assert colour == "rgb({}, {}, {})".format(*ink)


def test_a_thousand_hosts(tmp_path):
    """It opens, the healthy ones folded away."""
    many = [made.host("node{:04}".format(number)) for number in range(990)]
    sick = [made.sick("sick{:02}".format(number), "libSM.so.6") for number in range(10)]
    found = asked(
        tmp_path,
        drawn(*many, *sick),
        """return [inside.querySelector("h1").innerText, all("#checks > .scroll tbody tr").length,
          all("#checks tbody tr").length, inside.documentElement.scrollHeight < 9000];""",
    )
    assert found == ["990 of 1000 hosts are healthy", 10, 1000, True]
