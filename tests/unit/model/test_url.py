"""URLs of repositories: which are one, and what their parts are."""

import pytest

from offkit.model import url

GOOD = [
    ("http://10.0.0.5", "http://10.0.0.5"),
    ("http://10.0.0.5:8017/", "http://10.0.0.5:8017"),
    ("https://media01.example/c7%20dvd/os///", "https://media01.example/c7%20dvd/os"),
    ("http://[fd00::5]:8017/el8", "http://[fd00::5]:8017/el8"),
]
BAD = [
    "http://",
    "http:///c7",
    "http://user:secret@media01/c7",
    "http://media01/c7?x=1",
    "http://media01/c7#x",
    "http://media01/a b",
    "http://media01/$releasever",
    "http://media01/a/../b",
    "http://media01:port/",
    "http://media01/a\nenabled=1",
]


@pytest.mark.parametrize(("text", "expected"), GOOD)
def test_what_is_one(text, expected):
    """Without slashes at its end."""
    assert url.is_url(text)
    assert url.parse(text) == expected


@pytest.mark.parametrize("text", BAD)
def test_what_is_none(text):
    """Secrets in messages, a query, what a .repo file would read as something else: it says the form."""
    with pytest.raises(ValueError, match="http://HOST"):
        url.parse(text)


@pytest.mark.parametrize("text", ["/mnt/c7", "http", "file:///mnt/c7", "ftp://media01/c7", "./http://x"])
def test_what_is_not_meant_to_be_one(text):
    assert not url.is_url(text)


def test_ports():
    """As said, else that of the scheme: what a firewall has to let in."""
    found = [url.port(each) for each in ("http://m:8017/a", "http://m", "https://m/a", "http://[::1]:81")]
    assert found == [8017, 80, 443, 81]


def test_names_and_addresses():
    """Only for a name somebody has to be asked."""
    names = [
        url.by_name(each) for each in ("http://media01:8017", "http://10.0.0.5:8017/x", "http://[::1]/x")
    ]
    assert names == [True, False, False]
    assert not url.by_name("/mnt/c7")


def test_files_below():
    """Names as they are on the disc; what means something in a URL is quoted."""
    assert (
        url.join("http://m/a", "Packages/libstdc++-8.5~1^2.rpm")
        == "http://m/a/Packages/libstdc++-8.5~1%5E2.rpm"
    )
    assert url.join("http://m", "a b%?#") == "http://m/a%20b%25%3F%23"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://u:p@host/x", "http://host/x"),
        ("http://token@host/x@y", "http://host/x@y"),
        ("http://host/a@b", "http://host/a@b"),
        ("http://host:8080/a@b", "http://host:8080/a@b"),
        ("http://u:p@ss@host:81/x", "http://host:81/x"),
        ("http://u:p/s?s#s@host/x", "http://host/x"),
        ("http://u:%2Fp%40@host", "http://host"),
        ("x @ git+https://oauth2:TOKEN@host/x@v1.0#egg=x", "x @ git+https://host/x@v1.0#egg=x"),
        ("git+ssh://git@host/x", "git+ssh://git@host/x"),
        ("--proxy http://USER:PASSWORD@HOST:PORT", "--proxy http://USER:PASSWORD@HOST:PORT"),
        ("['--proxy=u:p@host:3128', 'u:p/@@host:3128']", "['--proxy=host:3128', 'host:3128']"),
        ("with url: /x/y?a=b&c (Caused by x)", "with url: /x/y?... (Caused by x)"),
        ("no such file: /x/what?.txt", "no such file: /x/what?.txt"),
        ("git+ssh://git:p@host/x", "git+ssh://host/x"),
        ("git+ssh://git@10.0.0.1:22/x", "git+ssh://git@10.0.0.1:22/x"),
        ("a (http://u:p@host/x) b 'https://t@host', c@d", "a (http://host/x) b 'https://host', c@d"),
        ("to https://host/x?next=a&token=b.", "to https://host/x?..."),
        ("<https://host/x?sig=a/b> and 'https://host?t'", "<https://host/x?...> and 'https://host?...'"),
        ("https://host/x.whl?sig=a#sha256=0", "https://host/x.whl?...#sha256=0"),
        ("why? user@host, a:b@c", "why? user@host, a:b@c"),
        ("https://host:port/x@y, why?", "https://y, why?"),
        ("http://tok en@host/x", "http://host/x"),
        ("http://t@host: no answer, why? a@b", "http://host: no answer, why? a@b"),
        ("https://host: no answer, ask a@b", "https://host: no answer, ask a@b"),
        ("http://host:8080/x is no index, x @ http://u/y", "http://host:8080/x is no index, x @ http://u/y"),
    ],
)
def test_what_may_be_shown_of_it(text, shown):
    """Nobody's password and no token: of one URL, of many in a text; rather too little than too much."""
    assert url.without_secrets(text) == shown


PASSWORDS = [
    *("a b", "a  b c", " a", "a ", "12 34", "12 3 4", "a, b", "a@b c", "a b@c", "a:b c", "1:b c", "a; b"),
    *("a\tb", "a'b", "a' b", 'a"b', "a\\b", "a%b", "%20", "\u00e9", "a\u00a0b", "x" * 5000, "x y" * 2000),
]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    "text",
    [
        "http://bob:{}@host:81/x",
        "x @ git+https://bob:{}@host/x@v1",
        "--index corp=http://bob:{}@host/x",
        "http://bob:{}@host/x: answers 401, see https://there/x",
    ],
)
def test_any_password(text, password):
    """Whatever characters it has."""
    assert url.without_secrets(text.format(password)) == text.replace("bob:{}@", "")


@pytest.mark.parametrize("password", ["a/b c", "a b/c d", "a?b c", "a#b c", "a b/c:d"])
def test_a_password_with_a_slash_and_a_blank(password):
    assert url.without_secrets(f"http://bob:{password}@host:81/x") == "http://host:81/x"


def test_what_is_shown_of_half_a_url():
    """What was torn at a blank of the password has no @."""
    assert url.begin("http://bob:s3cr3t") == url.begin("http://bob:s3/cr3t") == "http://bob:..."
    assert url.begin("http://host:port/x") == "http://host:..."
    for whole in ("http://host:81/x", "http://[::1", "http://host", "not_a_url", "http://host:81"):
        assert url.begin(whole) == whole


def test_what_is_shown_of_a_files_url():
    """Its slashes are there again, and nothing else is."""
    assert url.shown("git+file:/srv/x@v1") == url.shown("git+file:///srv/x@v1") == "git+file:///srv/x@v1"
    assert url.shown("git+file://host/x") == "git+file://host/x"
    assert url.shown("git+https://u:p@host/file:/x") == "git+https://host/file:/x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://host", True),
        ("git+ssh://git@host:22/x", True),
        ("http://[::1]:80/", True),
        ("http://", False),
        ("host/x", False),
        ("http://host:port/", False),
        ("http://host:0/", False),
        ("http://host:65536/", False),
        ("http://[::1/", False),
        ("file:///x", False),
    ],
)
def test_where_somebody_could_be_asked(text, expected):
    """A host, and a port that is one."""
    assert url.is_address(text) == expected
