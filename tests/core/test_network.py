"""Networks by address: held against Python's own `ipaddress`."""

import ipaddress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.core import network
from chalicelib.core.network import KNOWN, SHIPPED, BadNetworks, address_of, neighbourhood, network_of, networks, read

V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6).filter(lambda address: address.ipv4_mapped is None)
RANGES = [(ipaddress.ip_network(text), kind) for kind, _, texts in SHIPPED for text in texts]


def spread(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return int(address) + (0xFFFF << 32 if address.version == 4 else 0)


@given(V4 | V6)
def test_an_address_is_what_python_takes_it_for(address) -> None:
    assert address_of(str(address)) == spread(address)


@given(V4, st.integers(0, 65_535))
def test_ports_brackets_zones_and_mapping_change_nothing(address: ipaddress.IPv4Address, port: int) -> None:
    same = [f"{address}:{port}", f" {address} ", f"::ffff:{address}", f"[::ffff:{address}]:{port}"]
    assert {address_of(text) for text in same} == {spread(address)}
    assert address_of("fe80::1%eth0") == address_of("[fe80::1%25eth0]:443") == address_of("fe80::1")


@pytest.mark.parametrize(
    "text",
    ["", "x", "1.2.3", "1.2.3.4.5", "256.1.1.1", ":::", "1.2.3.4/24", "\ud83d", "1\x002", None, 7, b"1.2.3.4", []],
)
def test_what_is_no_address_is_none(text: object) -> None:
    assert address_of(text) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    address_of(text)


@pytest.mark.parametrize(("own", "kind"), RANGES, ids=str)
def test_a_shipped_range_ends_where_it_ends(own, kind) -> None:
    first, last = spread(own[0]), spread(own[-1])
    assert {network_of(first, KNOWN), network_of(last, KNOWN)} == {kind}
    for beside in (first - 1, last + 1):
        inside = [k for one, k in RANGES if spread(one[0]) <= beside <= spread(one[-1])]
        assert network_of(beside, KNOWN) == (inside[0] if inside else None)


@given(V4 | V6)
def test_a_lookup_finds_what_a_walk_through_all_ranges_finds(address) -> None:
    inside = [kind for own, kind in RANGES if address.version == own.version and address in own]
    assert network_of(spread(address), KNOWN) == (inside[0] if inside else None)


@pytest.mark.parametrize(
    "address", ["20.42.65.90", "13.64.0.1", "52.96.1.1", "66.249.93.1", "35.190.0.1", "2a00:1450::1"]
)
def test_the_clouds_of_microsoft_and_google_say_nothing(address: str) -> None:
    assert network_of(address_of(address), KNOWN) is None


def test_every_shipped_range_has_a_source_and_a_date() -> None:
    assert all(" 20" in source and len(ranges) == len(set(ranges)) for _, source, ranges in SHIPPED)


def test_an_operators_range_wins_over_the_same_and_over_a_wider_one() -> None:
    known = networks(read("40.92.0.0/15 probable, 40.107.7.0/24 cloud, 2001:db8::/32 filter"))
    assert network_of(address_of("40.93.1.1"), known) == "probable"
    assert network_of(address_of("40.107.7.1"), known) == "cloud"
    assert network_of(address_of("40.107.8.1"), known) == "filter"
    assert network_of(address_of("2001:db8:1::1"), known) == "filter"
    assert network_of(None, known) is None


def test_no_setting_is_no_range() -> None:
    assert read("") == read(" , ") == ()


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("198.51.100.0/24", "198.51.100.0/24"),
        ("198.51.100.0/24 always", "198.51.100.0/24 always"),
        ("198.51.100.0/24 filter cloud", "filter cloud"),
        ("198.51.100.1/24 filter", "must be zero"),
        ("198.51.100.0 filter", "198.51.100.0"),
        ("198.51.100.0/33 filter", "/33"),
        ("198.51.100.0/0 filter", "/0' is too wide"),
        ("0.0.0.0/0 filter", "too wide"),
        ("198.51.100.0/-1 filter", "/-1"),
        ("198.51.100.0/٢٤ filter", "no range"),
        ("[2001:db8::]/32 filter", "no range"),
        ("::ffff:198.51.100.0/120 filter", "no range"),
        ("2001:db8::/32 filter, example.com/24 filter", "example.com"),
    ],
)
def test_what_cannot_be_read_names_its_entry(setting: str, named: str) -> None:
    with pytest.raises(BadNetworks, match=named.replace("[", r"\[").replace("]", r"\]")):
        read(setting)


@given(V4 | V6)
def test_a_neighbourhood_is_the_24_or_the_48(address) -> None:
    length = 24 if address.version == 4 else 48
    own = ipaddress.ip_network((address, length), strict=False)
    assert neighbourhood(spread(address)) == spread(own[0])


@given(st.sampled_from(RANGES))
def test_a_range_says_where_it_begins_and_how_long_it_is(ranged) -> None:
    own, _ = ranged
    assert network.range_of(str(own)) == (spread(own[0]), own.max_prefixlen - own.prefixlen)


@given(st.ip_addresses(v=4), st.integers(1, 32), st.ip_addresses(v=6), st.integers(1, 128))
def test_a_range_is_narrow_if_it_is_longer_than_24_or_48(v4, length4: int, v6, length6: int) -> None:
    for address, length, longest in ((v4, length4, 24), (v6, length6, 48)):
        own = ipaddress.ip_network((address, length), strict=False)
        assume(address.version == 4 or own[0].ipv4_mapped is None)
        assert network.is_narrow(*network.range_of(str(own))) is (length > longest)
