"""Variables of the machine that would silently be ignored are reported."""

from pathlib import Path

import pytest

from bot.network import find_network_problems


@pytest.mark.parametrize(
    "value",
    ["", "http://proxy:3128", "http://user:p%40ss@[::1]:3128/", "proxy.example.com:8080", "proxy"],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_an_http_proxy_is_accepted(name: str, value: str) -> None:
    assert find_network_problems({name: value}) == []


@pytest.mark.parametrize(
    "value",
    ["https://proxy:3128", "socks5://proxy", "http://", "http://h:0", "http://h:99999", "http://["],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_another_proxy_is_refused_without_its_login(name: str, value: str) -> None:
    value = value.replace("//", "//user:canary@")
    assert find_network_problems({name: value}) == [
        f"{name} must be an address such as http://proxy.internal:3128."
    ]


def test_certificates_must_be_there(authority: Path, tmp_path: Path) -> None:
    good = {"SSL_CERT_FILE": str(authority), "SSL_CERT_DIR": f"{tmp_path}:{authority.parent}"}
    assert find_network_problems(good) == []
    no_certificate = tmp_path / "empty.pem"
    no_certificate.write_text("nothing")
    for file in (no_certificate, tmp_path / "nowhere.pem", tmp_path):
        (problem,) = find_network_problems({"SSL_CERT_FILE": str(file)})
        assert problem.startswith("SSL_CERT_FILE must name")
    assert find_network_problems({"SSL_CERT_DIR": f"{tmp_path / 'nowhere'}:{tmp_path}"}) == []
    (problem,) = find_network_problems({"SSL_CERT_DIR": f"{tmp_path / 'nowhere'}"})
    assert problem.startswith("SSL_CERT_DIR must name")
