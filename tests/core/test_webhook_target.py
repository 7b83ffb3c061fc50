"""Where webhooks may lead: to public addresses only, whatever form a private one takes."""

from ipaddress import ip_address

import pytest

from chalicelib.core.webhook_target import BadTargets, endpoint_of, is_public, may_reach, targets_of

PRIVATE = (
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",  # carrier-grade NAT
    "127.0.0.1",
    "169.254.169.254",  # where a machine of AWS gets its credentials
    "172.16.0.1",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.0.9",  # global by IANA, and no receiver's: the nearest server of a protocol answers
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::a00:1",  # 10.0.0.1 behind NAT64
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001:db8::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "2002:7f00:1::",  # 6to4
    "2002:5db8:d822::",  # 6to4 of a public address: a tunnel all the same
    "fc00::1",
    "fd00:ec2::254",  # AWS's metadata by IPv6
    "fe80::1",
    "fec0::1",
    "3fff::1",
    "::ffff:192.0.0.8",
    "64:ff9b::c058:6301",  # 192.88.99.1 behind NAT64
    "ff02::1",
)
PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_no_public_machine_is_refused(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_none_of_these(address):
    assert is_public(ip_address(address))


def test_an_endpoint_is_the_address_taken_apart():
    assert endpoint_of("https://CRM.example.com") == ("https", "crm.example.com", 443, "/")
    assert endpoint_of("https://crm.example.com:8443/a/b?c=d").path == "/a/b?c=d"
    assert endpoint_of("http://[::1]:8080?x").named == "[::1]:8080"
    assert endpoint_of("https://crm.example.com:443/").named == "crm.example.com"


def test_what_is_named_is_allowed_and_nothing_near_it():
    endpoint = endpoint_of("https://crm.internal:8080/")
    private = ip_address("10.9.9.9")
    for text in ("crm.internal", "CRM.internal:8080", "10.0.0.0/8", "1.1.1.1, 10.9.9.9"):
        assert may_reach(endpoint, private, targets_of(text)), text
    for text in ("", "crm.internal:80", "internal", "10.0.0.0/16", "::/0"):
        assert not may_reach(endpoint, private, targets_of(text)), text


@pytest.mark.parametrize("text", ["crm:x", "10.0.0.0/33", "a b", "https://crm", "10.0.0.1/8", ":80"])
def test_a_setting_that_cannot_be_read_is_named(text):
    with pytest.raises(BadTargets, match="MAILSIGHT_WEBHOOK_TARGETS"):
        targets_of(text)
