"""Names of the host, and posts of other sites' pages."""

import pytest

from service.access.web_origin import host_names, is_loopback, require_own_host, require_same_site
from service.errors import CrossSite, HostRefused

NAMES = host_names("Echo.Hospital.example, gateway.")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "10.1.2.3", "echo.hospital.example:443", "gateway"],
)
def test_own_names_and_addresses_pass(host: str) -> None:
    require_own_host(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "a@localhost",
     "localhost:8000:1", "localhost/", "[::1", "1.2.3", "localhost\t", "hospital.example", "localhost:", "[zz]"],
)  # fmt: skip
def test_other_names_are_refused_without_saying_them_again(host: str | None) -> None:
    with pytest.raises(HostRefused) as error:
        require_own_host(host, NAMES)
    assert not host or host not in str(error.value).replace("ECHOSCRIBE_ALLOWED_HOSTS", "")


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"origin": "http://localhost:8000"}, True),
        ({"origin": "http://localhost:9000"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://["}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://behind-a-proxy.example"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "nonsense", "origin": "http://localhost:8000"}, False),
    ],
)
def test_a_page_of_another_site_may_read_nothing_and_post_nothing(headers: dict[str, str], allowed: bool) -> None:
    headers = {"host": "localhost:8000", **headers}
    require_same_site("GET", headers)
    if allowed:
        require_same_site("POST", headers)
        return
    for method in ("POST", "DELETE", "PUT", "PATCH", "INVENTED"):
        with pytest.raises(CrossSite):
            require_same_site(method, headers)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.5.5.5", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("no such name", False)],
)  # fmt: skip
def test_loopback_is_told_from_what_others_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
