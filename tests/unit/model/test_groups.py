"""What is equal is told in one line, and what cures several findings once."""

from offkit.model import groups
from offkit.model.finding import ERROR, INFO, WARNING, Finding


def finding(subject, fix="", severity=ERROR):
    return Finding("REQ001", severity, subject, "is missing", (), fix)


def told(*findings):
    return [(one.group.subject, one.own, *one.shared) for one in groups.gather(findings)]


def test_each_its_own():
    """One finding, others, and those without a fix stay as they are."""
    assert told() == []
    assert told(finding("a", "x"), finding("b"), finding("c"), finding("d", "y")) == [
        ("a", ("x",)),
        ("b", ()),
        ("c", ()),
        ("d", ("y",)),
    ]


def test_the_same():
    """Below the last of those that it cures, which follow each other."""
    assert told(finding("a", "x"), finding("b", "y"), finding("c", "x"), finding("d", "x")) == [
        ("a", ()),
        ("c", ()),
        ("d", (), (("x",), ("a", "c", "d"))),
        ("b", ("y",)),
    ]


def test_severities_stay_apart():
    """Errors come first, whatever cures them."""
    assert told(finding("a", "x", INFO), finding("b", "x"), finding("c", "x", WARNING)) == [
        ("b", ("x",)),
        ("c", ("x",)),
        ("a", ("x",)),
    ]


def test_alternatives():
    """Those that both have are told once, and the others where they belong."""
    assert told(finding("a", "x\nor y\nor build a"), finding("b", "x\nor y\nor build b")) == [
        ("a", ("build a",)),
        ("b", ("build b",), (("x", "y"), ("a", "b"))),
    ]
    assert told(finding("a", "x\nor y"), finding("b", "x")) == [
        ("a", ("y",)),
        ("b", (), (("x",), ("a", "b"))),
    ]


def test_what_only_some_of_them_have_in_common():
    """Wherever it stands in their fixes, it is told once too, and of whom."""
    found = told(finding("a", "h\nor s"), finding("b", "h"), finding("c", "h\nor use c\nor s"))
    assert found == [
        ("a", ()),
        ("b", ()),
        ("c", ("use c",), (("h",), ("a", "b", "c")), (("s",), ("a", "c"))),
    ]
    assert told(finding("a", "use a\nor s"), finding("b", "s")) == [
        ("a", ("use a",)),
        ("b", (), (("s",), ("a", "b"))),
    ]


def test_steps_are_one_cure():
    """Lines that are no alternatives belong together."""
    assert told(finding("a", "x\nthen y"), finding("b", "x\nthen z")) == [
        ("a", ("x\nthen y",)),
        ("b", ("x\nthen z",)),
    ]
    assert told(finding("a", "x\nthen y"), finding("b", "x\nthen y"))[1] == (
        "b",
        (),
        (("x\nthen y",), ("a", "b")),
    )


def test_as_a_fix_has_them():
    """There and back."""
    for fix in ("", "x", "x\nor y\nor z", "x\nthen y"):
        assert groups.text(groups.alternatives(fix)) == fix


YUM = "yum --disablerepo='*' --enablerepo='offkit-*' install "
LINE = YUM + "expat libSM libX11 libXext"


def lacks(soname, rpm, who="cv2/cv2.cpython-36m-x86_64-linux-gnu.so", severity=ERROR, rest=""):
    """LIB001 as the doctor says it."""
    fix = "{}{}\nby offkit's table: {} on el7; no repository was read".format(YUM, rpm, rpm) if rpm else ""
    return Finding("LIB001", severity, soname, "is missing; needed by " + who + rest, ("/lib64",), fix)


def rows(findings, line="", apart=False):
    """(the line, what is told below it)"""
    return [
        (one.group.subject + one.group.message, list(one.own)) for one in groups.gather(findings, line, apart)
    ]


def test_equal_findings_are_one_line():
    """How many, which, who needs them; the line below all of them is the cure. Another cure, another
    severity and a message that says more are lines of their own."""
    three = [lacks("libSM.so.6", "libSM"), lacks("libXext.so.6", "libXext"), lacks("libX11.so.6", "libX11")]
    assert rows(three, LINE) == [
        ("3 libraries are missing: libSM.so.6, libXext.so.6, libX11.so.6; needed by cv2", [])
    ]
    assert groups.gather(three, LINE)[0].group.findings == tuple(three)
    others = [
        lacks("libz.so.1", "zlib"),
        lacks("libexpat.so.1", "expat", "fiona/x.so", rest="; the one in kaleido is another package's own"),
        lacks("libICE.so.6", "libSM", severity=WARNING),
    ]
    assert rows(three[:2] + others, LINE) == [
        ("2 libraries are missing: libSM.so.6, libXext.so.6; needed by cv2", []),
        ("libz.so.1: " + others[0].message, [others[0].fix]),
        ("libexpat.so.1: " + others[1].message, []),
        ("libICE.so.6: " + others[2].message, []),
    ]


def test_each_finding_counts_in_exactly_one_group():
    """In whatever order they come."""
    found = [
        lacks("lib{}.so".format(number), "libSM" if number % 3 else "", severity=(ERROR, WARNING)[number % 2])
        for number in range(12)
    ]
    told = groups.gather(found, LINE)
    assert sorted(each for one in told for each in one.group.findings) == sorted(found)
    assert [one.group.subject for one in told] == ["2 libraries", "4 libraries", "4 libraries", "2 libraries"]
    assert [one.group.severity for one in told] == [ERROR, ERROR, WARNING, WARNING]


def test_each_by_itself():
    """With -v: all that is known of each, and its own command."""
    two = [lacks("libSM.so.6", "libSM"), lacks("libXext.so.6", "libXext")]
    assert rows(two, LINE, True) == [
        ("{}: {}".format(each.subject, each.message), [each.fix]) for each in two
    ]


def test_without_a_line_below_commands_are_joined():
    """Into one that installs all of it; which package exactly has a library is left to -v."""
    two = [lacks("libSM.so.6", "libSM"), lacks("libICE.so.6", "libICE")]
    joined = YUM + "libSM libICE\nby offkit's table: libSM, libICE on el7; no repository was read"
    assert rows(two)[0][1] == [joined]
    exact = [
        each._replace(fix=YUM + "a{0}\nby repodata: a{0}-1 on /c7".format(number))
        for number, each in enumerate(two)
    ]
    assert rows(exact)[0][1] == [YUM + "a0 a1"]
    brought = [
        each._replace(fix="nothing: {} comes with the bundle".format(name)) for name, each in zip("ab", two)
    ]
    assert rows(brought)[0][1] == ["nothing: a, b come with the bundle"]
    lacking = [
        each._replace(fix="{}{}\n{} is not on /c7: use a fuller ISO".format(YUM, name, name))
        for name, each in zip("ab", two)
    ]
    assert rows(lacking)[0][1] == [YUM + "a b\na, b are not on /c7: use a fuller ISO"]
    assert rows(brought[:1])[0][1] == ["nothing: a comes with the bundle"]


def test_a_command_that_needs_more_than_the_line_is_told():
    """A package or a repository that the line has not; words that are no evidence; a step after it."""
    for fix in (
        YUM + "libICE",
        YUM.replace("offkit-*", "c7-media") + "libSM",
        YUM + "libSM\nbut none has version X_2",
        YUM + "libSM\nthen build Python again",
        "restorecon -R /opt",
    ):
        assert rows([lacks("a", "")._replace(fix=fix)], LINE)[0][1] == [fix]
    named = lacks("a", "")._replace(fix=YUM.replace("yum", "dnf") + "libSM")
    assert rows([named], LINE.replace("yum", "dnf"))[0][1] == []
    again = lacks("a", "")._replace(fix=YUM.replace("install", "reinstall") + "libSM")
    both = "{} && {}".format(LINE, again.fix)
    assert rows([again], both)[0][1] == []


def test_many_names():
    """Ten of them, and how many more."""
    told = rows([lacks("lib{}.so".format(number), "libSM") for number in range(12)], LINE)
    names = ", ".join("lib{}.so".format(number) for number in range(10))
    assert told == [("12 libraries are missing: {} and 2 more; needed by cv2".format(names), [])]


def test_whose_the_files_are():
    """By their directory, that of their copies, their wheel; three packages, and that there are others."""
    files = {
        "cv2/.libs/libQtGui-903938cd.so.4.8.7": "cv2",
        "Fiona.libs/libgdal-f07e835c.so.30.0.3": "Fiona",
        "pyodbc.cpython-39-x86_64-linux-gnu.so": "pyodbc",
        "_cffi_backend.abi3.so": "_cffi_backend",
        "kaleido-0.2.1-py2.py3-none-manylinux1_x86_64.whl: kaleido/executable/bin/kaleido": "kaleido",
        "/usr/lib64/libGL.so.1": "libGL.so.1",
        "bin/tool": "bin",
        "lib/python3/dist-packages/hawkey/_hawkey.so": "hawkey",
    }
    for path, owner in files.items():
        assert rows([lacks("a", "", path), lacks("b", "", path)])[0][0].endswith("; needed by " + owner)
    several = [lacks("a", "", "x/a.so, x/b.so, x/c.so and 9 more"), lacks("b", "", "Y.libs/d.so, y/e.so")]
    assert rows(several)[0][0] == "2 libraries are missing: a, b; needed by x, Y"
    several = [lacks("a", "", "x/a.so, y/b.so, z/c.so and 9 more"), lacks("b", "", "x/d.so")]
    assert rows(several)[0][0].endswith("; needed by x, y, z and others")
    several = [lacks("a", "", "p/a.so, q/b.so"), lacks("b", "", "r/d.so, s/e.so")]
    assert rows(several)[0][0].endswith("; needed by p, q, r and 1 more")


def test_files_of_each_package_before_others():
    """So that what a message names is as much as three names can say."""
    paths = ["x/1", "x/2", "x/3", "y/1", "x/4", "z/1", "y/2"]
    assert groups.users(paths) == "x/1, y/1, z/1 and 4 more"
    assert groups.users(paths[:4]) == "x/1, y/1, x/2 and 1 more"
    assert groups.users(["b", "a"]) == "b, a"


def test_wants_that_no_file_says():
    """One package wants several libraries for the same; what it wants them for stays."""
    want = Finding(
        "NEED001", WARNING, "liba.so", "is not found; playwright needs it for Chromium", (), YUM + "a"
    )
    told = rows(
        [
            want,
            want._replace(subject="libb.so"),
            want._replace(subject="c", message="is not found; x needs it for y"),
        ],
        YUM + "a",
    )
    assert told == [
        ("2 libraries are not found: liba.so, libb.so; playwright needs them for Chromium", []),
        ("c: is not found; x needs it for y", []),
    ]
    fatal = want._replace(message="is not found; without it wand 0.6 cannot be imported")
    assert rows([fatal, fatal._replace(subject="b")], YUM + "a")[0][0] == (
        "2 libraries are not found: liba.so, b; without them wand 0.6 cannot be imported"
    )


def test_requirements_that_are_absent():
    """Each is a thing, whoever requires it; one of the wrong version is a line of its own."""
    fix = "bundle again with {} among the requirements"
    found = [
        Finding("PKG005", ERROR, who, "needs {}; {}".format(what, have), (), fix.format(what))
        for who, what, have in (
            ("a 1", "x >=1", "it is not installed"),
            ("a 1", "y", "it is not installed"),
            ("b 2", "y", "it is not installed"),
            ("b 2", "z >2", "1.0 is installed"),
        )
    ]
    assert rows(found) == [
        ("2 packages are not installed: x >=1, y; needed by a 1, b 2", [fix.format("x >=1, y")]),
        ("b 2: needs z >2; 1.0 is installed", [fix.format("z >2")]),
    ]


def test_one_thing_and_several_that_need_it():
    """It is named, with the packages."""
    old = Finding("LIB014", ERROR, "x/y.so", "wants a; needed by p/a.so", (), "")
    assert rows([old, old._replace(message="wants a; needed by q/b.so")]) == [
        ("x/y.so: wants a; needed by p, q", [])
    ]
    assert rows([old, old._replace(subject="x/z.so")])[0][0] == "2 files want a: x/y.so, x/z.so; needed by p"


def test_versions_that_a_release_does_not_have():
    """Of a forecast: those of one library and family are one line, whoever wants them."""
    wheel, ends = "{}-1.0-cp39-cp39-manylinux1_x86_64.whl", "el7 ends at GLIBCXX_3.4.19"
    found = [
        Finding(
            "LIB002",
            ERROR,
            "libstdc++.so.6",
            "{} needs {}, {}".format(wheel.format(who), version, why),
            (),
            "x",
        )
        for who, version, why in (
            ("a", "GLIBCXX_3.4.20", ends),
            ("b", "GLIBCXX_3.4.20", ends),
            ("a", "GLIBCXX_3.4.21", ends),
            ("a", "CXXABI_1.3.8", "el7 ends at CXXABI_1.3.7"),
        )
    ]
    assert [line for line, _ in rows(found)] == [
        "libstdc++.so.6: 2 versions are wanted: GLIBCXX_3.4.20, GLIBCXX_3.4.21; needed by a, b; " + ends,
        "libstdc++.so.6: " + found[3].message,
    ]
    assert rows(found[:2])[0][0] == "libstdc++.so.6: GLIBCXX_3.4.20: is wanted; needed by a, b; " + ends


def test_codes_that_are_never_told_together():
    """A place or a repository is what it is by itself."""
    one = Finding("ENV009", WARNING, "/tmp", "is mounted noexec")
    assert len(rows([one, one._replace(subject="/var/tmp")])) == 2
