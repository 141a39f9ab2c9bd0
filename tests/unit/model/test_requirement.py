"""Requirements of METADATA: names, versions and markers, as ``packaging`` reads them."""

import itertools

import pytest

from offkit.model.requirement import environment, normalize, parse, version

EL7 = environment("3.6.8")


@pytest.mark.parametrize(
    ("text", "applies"),
    [
        ("numpy (>=1.13.3)", True),
        ("importlib-metadata ; python_version < '3.8'", True),
        ('dataclasses>=0.8; python_version=="3.6"', True),
        ('numpy (>=1.17.3) ; python_version >= "3.8"', False),
        ('numpy>=1.21; python_version >= "3.6.1" and platform_system == "Linux"', False),
        ('rich; python_full_version >= "3.6.2"', True),
        ('x; "3.6" <= python_version', True),
        ('colorama ; sys_platform == "win32"', False),
        ('colorama ; platform_system == "Windows" or os_name == "posix"', True),
        ("pytest ; extra == 'test'", False),
        ("pytest ; (extra == 'a' or extra == 'b') and python_version > '3'", False),
        ("x ; 'linux' in sys_platform", True),
        ("x ; platform_machine not in 'aarch64 arm64'", True),
        ("x[extra1,extra2]>=1 ; implementation_name == 'cpython'", True),
        ("x @ https://example.org/x-1.0.tar.gz ; python_version < '3'", False),
    ],
)
def test_markers(text, applies):
    """For CPython 3.6.8 on Linux, no extra chosen."""
    assert parse(text).applies(EL7) is applies


@pytest.mark.parametrize(
    ("clause", "yes", "no"),
    [
        ("==1.0", ["1.0", "1", "1.0.0", "v1.0", "1.0+local"], ["1.0.1", "1.0rc1", "1.0.post1"]),
        ("==1.0+a.1", ["1.0+a.1", "1.0+a-1"], ["1.0", "1.0+a.2"]),
        ("==1.2.*", ["1.2", "1.2.9", "1.2rc1", "1.2.post1"], ["1.20", "1.3", "1"]),
        ("!=1.2.*", ["1.3", "1.20"], ["1.2.3"]),
        (">=1.10", ["1.10", "1.11", "2"], ["1.9", "1.10rc1", "1.10.dev1"]),
        ("<2", ["1.9", "1.9.post1"], ["2", "2.0", "2.0rc1", "2.0.dev1"]),
        ("<2rc2", ["2rc1", "2.dev1"], ["2rc2", "2"]),
        (">1.7", ["1.7.1", "1.8"], ["1.7", "1.7.0.post1", "1.7+local", "1.7rc1"]),
        ("<1.0.post1", ["1.0", "1.0rc1"], ["1.0.post1.dev1", "1.0.post1"]),
        (">1.0rc1", ["1.0", "1.0.post1"], ["1.0rc1", "1.0rc1.post1"]),
        ("~=2.2", ["2.2", "2.3", "2.2.post3"], ["3.0", "2.1"]),
        ("~=1.4.5", ["1.4.5", "1.4.9"], ["1.5.0", "1.4.4"]),
        ("<=1!0.5", ["9.9", "1!0.5"], ["1!0.6", "2!0"]),
        ("===weird-1", ["weird-1"], ["weird-2"]),
        (">=1,<2,!=1.5", ["1.4", "1.6"], ["0.9", "1.5", "2"]),
        ("", ["0", "1.0.dev0"], []),
    ],
)
def test_versions(clause, yes, no):
    """PEP 440's operators, with what each takes and refuses."""
    wanted = parse("x" + clause)
    assert [text for text in yes if not wanted.accepts(text)] == []
    assert [text for text in no if wanted.accepts(text)] == []


ORDER = [
    "1.dev1",
    "1a1.dev1",
    "1a1",
    "1a2",
    "1b1",
    "1rc1",
    "1",
    "1.post1.dev2",
    "1.post1",
    "1.0.1",
    "1.1.dev1",
    "1.1",
    "1.10",
    "2",
    "1!0.1",
]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ORDER, 2)))
def test_order(one, other):
    """PEP 440, "Summary of permitted suffixes and relative ordering"."""
    assert version(one).key < version(other).key


@pytest.mark.parametrize(
    "text", ["", "-x", "x >", "x 1.0", "x>=one", "x; python_version ! '3'", "x ; &", "x ; " + "(" * 999]
)
def test_what_cannot_be_read(text):
    """ValueError, not a guess."""
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.parametrize(
    "marker", ["python_version", "python_version <", "(os_name == 'a'", "moon == 'full'"]
)
def test_markers_that_mean_nothing(marker):
    """ValueError when they are asked."""
    with pytest.raises(ValueError, match=r"."):
        parse("x ; " + marker).applies(EL7)


def test_names_are_compared_normalized():
    """PEP 503."""
    assert normalize("Foo._-Bar") == "foo-bar"


def test_agrees_with_packaging():
    """Every pair of a clause and a version, against the reference."""
    specifiers = pytest.importorskip("packaging.specifiers")
    numbers = [
        "0.9",
        "1",
        "1.0",
        "1.0.1",
        "1.0rc1",
        "1.0.dev3",
        "1.0.post1",
        "1.0+x",
        "1.1",
        "1.1a2.dev1",
        "1.10",
        "2.0b3",
        "2",
        "1!1",
    ]
    clauses = [op + n for op in ("==", "!=", "<", "<=", ">", ">=") for n in numbers if "+" not in n]
    clauses += ["~=1.0", "~=1.0.1", "==1.*", "!=1.0.*", "~=1.0rc1"]
    # Of these, packaging before 26 has another reading than PEP 440's words.
    clauses = [clause for clause in clauses if clause not in ("<1.0.post1", ">1.0rc1", ">1.0.dev3")]
    differ = []
    for clause in clauses:
        theirs = specifiers.SpecifierSet(clause)
        ours = parse("x" + clause)
        for number in numbers:
            if ours.accepts(number) != theirs.contains(number, prereleases=True):
                differ.append((clause, number))
    assert differ == []


@pytest.mark.parametrize(
    ("text", "applies"),
    [
        ('x; "3.7" <= python_version', False),
        ('x; "3.10" > python_version', True),
        ('x; "3.6" < python_version', False),
        ('x; "3.5" < python_version', True),
        ('x; "3.6" >= python_version', True),
        ('x; "3.6" == python_version', True),
        ('x; "3.6" != python_version', False),
        ("x; 'a' < 'b'", True),
        ("x; 'b' < 'a'", False),
        ("x; 'a' <= 'a'", True),
        ("x; 'b' <= 'a'", False),
        ("x; 'b' > 'a'", True),
        ("x; 'a' > 'a'", False),
        ("x; 'a' >= 'b'", False),
        ("x; 'a' >= 'a'", True),
        ("x; 'a' == 'a'", True),
        ("x; 'a' === 'a'", True),
        ("x; 'a' === 'b'", False),
        ("x; 'a' != 'a'", False),
        ("x; 'a' != 'b'", True),
        ("x; 'a' in 'abc'", True),
        ("x; 'd' in 'abc'", False),
        ("x; 'd' not in 'abc'", True),
        ("x; os_name == 'a' and os_name == 'b' or os_name == 'posix'", True),
        ("x; os_name == 'posix' or os_name == 'b' and os_name == 'c'", True),
        ("x; (os_name == 'posix' or os_name == 'b') and os_name == 'c'", False),
        ("x; os.name == 'posix'", True),
    ],
)
def test_what_markers_compare(text, applies):
    """Versions where both are some, on whichever side; else words, in the order of their letters."""
    assert parse(text).applies(EL7) is applies


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("python_version <", "a marker is incomplete"),
        ("(os_name == 'a' or os_name == 'b'", "a marker is incomplete"),
        ("(os_name == 'a' 'b'", "a marker lacks a parenthesis"),
        ("moon == 'full'", "unknown marker variable 'moon'"),
        ("os_name == 'a' 'b'", "not a marker: os_name == 'a' 'b'"),
        ("'a' ~= 'b'", "'~=' cannot compare strings"),
        ("os_name == 'a')", "not a marker: os_name == 'a' )"),
    ],
)
def test_what_is_wrong_with_a_marker(marker, words):
    """Said in words."""
    with pytest.raises(ValueError, match=r".") as caught:
        parse("x; " + marker).applies(EL7)
    assert str(caught.value) == words


def test_a_compatible_release_has_two_numbers():
    """PEP 440."""
    with pytest.raises(ValueError, match=r"^~= needs two numbers: 2$"):
        parse("x~=2").accepts("2.1")


def test_the_environment_of_a_python():
    """All variables of PEP 508."""
    assert environment("3.11.2", "aarch64") == {
        "implementation_name": "cpython",
        "implementation_version": "3.11.2",
        "os_name": "posix",
        "platform_machine": "aarch64",
        "platform_python_implementation": "CPython",
        "python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": "3.11.2",
        "python_version": "3.11",
        "sys_platform": "linux",
        "extra": "",
    }
    assert environment("3.6.8")["platform_machine"] == "x86_64"
