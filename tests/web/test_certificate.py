"""Https for the own network: a certificate that browsers can use, kept while it is good, with a key for its owner alone."""

import json
import ssl
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from tiny_base import add_tiny_voice
from tiny_server import running
from voxcommons.web.certificate import local_certificate, local_token
from voxcommons.web.link import own_addresses, phone_link, qr_in_terminal, qr_picture

ADDRESSES = ("192.168.7.9", "fd00::7")


def test_it_names_every_way_to_reach_this_machine_and_only_its_owner_reads_the_key(home):
    from cryptography import x509

    made = local_certificate(home, ADDRESSES)
    found = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    names = {str(name.value) for name in found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value}
    assert {"localhost", "127.0.0.1", "::1", *ADDRESSES} <= names
    assert made.key.stat().st_mode & 0o077 == 0
    assert found.not_valid_after_utc - found.not_valid_before_utc < timedelta(days=399)


def test_it_is_kept_while_it_is_good_and_made_anew_when_it_is_not(home):
    first = local_certificate(home, ADDRESSES)
    assert local_certificate(home, ADDRESSES[:1]) == first
    assert local_certificate(home, (*ADDRESSES, "10.1.2.3")) != first
    second = local_certificate(home, (*ADDRESSES, "10.1.2.3"))
    later = local_certificate(home, ADDRESSES, clock=lambda: datetime.now(UTC) + timedelta(days=380))
    assert later.fingerprint != second.fingerprint


def test_a_server_speaks_https_with_it(tmp_path, tiny_folder, tiny):
    add_tiny_voice(tmp_path, tiny)
    made = local_certificate(tmp_path, ())
    with running(tmp_path, tiny_folder, certificate=made) as server:
        assert server.address.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(made.certificate))
        with urllib.request.urlopen(f"{server.address}/healthz", context=trusting) as answer:
            assert json.load(answer)["status"] == "ok"


def test_the_token_is_made_once_and_its_owner_alone_reads_it(home):
    token = local_token(home)
    assert local_token(home) == token
    assert len(token) >= 32
    assert (home / "https" / "token").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("host", "token", "expected"),
    [
        ("192.168.7.9", "", "https://192.168.7.9:9880/studio/record"),
        ("fd00::7", "a b#&", "https://[fd00::7]:9880/studio/record#token=a%20b%23%26"),
    ],
)
def test_the_link_for_a_phone(host, token, expected):
    assert phone_link("https", host, 9880, token) == expected
    assert qr_picture(expected).startswith("data:image/svg+xml")
    assert len(qr_in_terminal(expected).splitlines()) > 10


def test_own_addresses_are_not_loopback():
    assert all(not address.startswith(("127.", "::1")) for address in own_addresses())
