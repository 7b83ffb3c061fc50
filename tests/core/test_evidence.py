"""What is kept of a hit: enough to judge it, and nothing of who made it."""

import ipaddress
import json
import string
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.client import Client
from chalicelib.core.evidence import PREFETCH_HEADERS, evidence_of, sources_of
from chalicelib.core.network import BadNetworks, Network

SALT = b"the salt of a day"
ANYTHING = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.lists(st.text(), max_size=3)
HEADERS = ANYTHING | st.dictionaries(st.text() | st.sampled_from(["user-agent", "purpose"]), ANYTHING)
ADDRESSES = st.ip_addresses().map(str)
WORDS = {"GET", "HEAD", *get_args(Client), *get_args(Network)}


def test_a_usual_hit_keeps_its_method_and_a_hash() -> None:
    kept = evidence_of("GET", {"user-agent": "Mozilla/5.0 (X11) Firefox/133.0"}, "203.0.113.7", salt=SALT)
    assert kept == {"method": "GET", "from": kept["from"]}
    assert len(kept["from"]) == 16


def test_everything_unusual_is_kept_in_under_150_bytes() -> None:
    headers = {"user-agent": "python-requests/2.32.3", "sec-purpose": "prefetch"}
    kept = evidence_of("HEAD", headers, "40.107.1.1", salt=SALT)
    assert kept == {"method": "HEAD", "client": "tool", "prefetch": True, "network": "filter", "from": kept["from"]}
    assert len(json.dumps(kept, separators=(",", ":"))) < 150


def test_no_user_agent_is_said_so_and_no_evidence_is_not_the_same() -> None:
    assert evidence_of("GET", {}, None)["client"] == "none"
    assert "client" not in evidence_of("GET", {"user-agent": "Thunderbird/128"}, None)


@given(st.sampled_from(["GET", "HEAD"]), HEADERS, ANYTHING)
def test_anything_gives_words_of_the_list_and_a_hash(method: str, headers: object, source_ip: object) -> None:
    kept = evidence_of(method, headers, source_ip, salt=SALT)
    hashed = kept.pop("from", "0" * 16)
    assert kept.pop("prefetch", True) is True
    assert kept.keys() <= {"method", "client", "network"}
    assert set(kept.values()) <= WORDS
    assert len(hashed) == 16 and set(hashed) <= set(string.hexdigits.lower())


@given(st.text(string.ascii_letters + string.digits + "/.; ()", min_size=1), ADDRESSES)
def test_neither_user_agent_nor_address_can_be_found_in_it(said: str, address: str) -> None:
    kept = evidence_of("GET", {"user-agent": f"Zq7xWv {said}", "cookie": "Zq7xWv"}, address, salt=SALT)
    values = " ".join(str(value) for value in kept.values())
    assert "zq7xwv" not in values.lower()
    assert address not in values
    assert (address.rpartition("." if "." in address else ":")[0] or address) not in values


@given(st.ip_addresses(v=4), st.integers(0, 255))
def test_addresses_of_one_24_cannot_be_told_apart(address, last: int) -> None:
    beside = str(address).rpartition(".")[0] + f".{last}"
    assert evidence_of("GET", {}, beside, salt=SALT)["from"] == evidence_of("GET", {}, str(address), salt=SALT)["from"]


def test_networks_and_days_can() -> None:
    made = [("203.0.113.7", SALT), ("203.0.114.7", SALT), ("203.0.113.7", b"the salt of the next day"), ("::1", SALT)]
    assert len({evidence_of("GET", {}, address, salt=salt)["from"] for address, salt in made}) == 4


@pytest.mark.parametrize(
    ("address", "salt"), [("203.0.113.7", None), ("203.0.113.7", b""), ("nowhere", SALT), (None, SALT)]
)
def test_without_salt_or_address_there_is_no_hash(address, salt) -> None:
    assert "from" not in evidence_of("GET", {}, address, salt=salt)


@pytest.mark.parametrize("name", PREFETCH_HEADERS)
@pytest.mark.parametrize("value", ["prefetch", "Prefetch;prerender", "x, preview"])
def test_who_loads_ahead_says_so(name: str, value: str) -> None:
    assert evidence_of("GET", {name: value}, None)["prefetch"] is True


@pytest.mark.parametrize(
    "headers", [{"purpose": "navigate"}, {"purpose": None}, {"x-moz": ["prefetch"]}, {"accept": "prefetch"}]
)
def test_other_headers_do_not(headers) -> None:
    assert "prefetch" not in evidence_of("GET", headers, None)


@given(st.ip_addresses().filter(lambda address: not getattr(address, "ipv4_mapped", None)), st.binary(min_size=1))
def test_an_own_network_is_found_by_the_same_hash(address, salt: bytes) -> None:
    kept = evidence_of("GET", {}, str(address), salt=salt)["from"]
    for length in (24, 32) if address.version == 4 else (48, 128):
        own = ipaddress.ip_network((address, length), strict=False)
        assert kept in sources_of([str(own)], [b"another salt", salt])


def test_a_wide_own_network_is_all_of_its_parts() -> None:
    parts = sources_of(["198.51.100.0/22"], [SALT])
    assert parts == sources_of([f"198.51.{100 + n}.0/24" for n in range(4)], [SALT])
    assert len(parts) == 4
    assert sources_of([], [SALT]) == sources_of(["198.51.100.0/22"], []) == frozenset()


@pytest.mark.parametrize("text", ["10.0.0.0/8", "2001:db8::/32", "home", "198.51.100.7/24"])
def test_half_the_internet_and_what_is_no_range_are_refused_by_name(text: str) -> None:
    with pytest.raises(BadNetworks, match=text.partition("/")[0]):
        sources_of([text], [SALT])
