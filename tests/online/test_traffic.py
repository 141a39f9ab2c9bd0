"""What is done once for many answers of an index."""

from types import SimpleNamespace

from pip._vendor.requests import Session, models

from offkit.online.index import traffic


def test_proxies_are_looked_up_once_for_each_server(monkeypatch):
    """In the environment, by requests' own rules; nobody shares what is given out."""
    asked = []

    class Own(Session):
        def merge_environment_settings(self, url, *more):
            asked.append(url)
            return super().merge_environment_settings(url, *more)

    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    session = Own()
    traffic.lighten(session)

    def proxy(url, **given):
        found = session.merge_environment_settings(url, given, None, None, None)
        found["proxies"].update(spoilt=True)
        return found["proxies"].get("https")

    for name in ("alpha", "beta"):
        assert proxy(f"https://index.example/simple/{name}/") == "http://proxy.example:3128"
        assert proxy(f"https://inside.example/simple/{name}/") is None
        assert (
            proxy(f"https://index.example/simple/{name}/", https="http://own.example") == "http://own.example"
        )
    assert len(asked) == 3
    given = session.merge_environment_settings("https://index.example/", {}, True, "ca.pem", "client.pem")
    assert (given["stream"], given["verify"], given["cert"]) == (True, "ca.pem", "client.pem")


def test_certificates_that_were_named_come_first(monkeypatch):
    """Before those of the environment, which hold where none were; a single request may have others."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "of-the-environment.pem")
    session = Session()
    traffic.lighten(session)

    def judged_by(verify=None):
        return session.merge_environment_settings("https://index.example/", {}, None, verify, None)["verify"]

    assert judged_by() == "of-the-environment.pem"
    session.verify = "named.pem"
    assert judged_by() == "named.pem"
    assert judged_by("other.pem") == "other.pem"
    assert judged_by(False) is False


def test_pages_are_read_in_large_pieces(monkeypatch):
    """As large as they are, where pip's own are larger still."""
    for own, taken in ((10240, 1 << 18), (1 << 20, 1 << 20)):
        monkeypatch.setattr(models, "CONTENT_CHUNK_SIZE", own)
        traffic.lighten(SimpleNamespace(merge_environment_settings=None))
        assert taken == models.CONTENT_CHUNK_SIZE
