"""By what an address is found again, also when only a hash of it is kept."""

from chalicelib.core import address, address_key, named_address
from chalicelib.core.token import Keys

OLD, NEW = Keys({1: b"1" * 32}), Keys({1: b"1" * 32, 7: b"7" * 32})


def key(text: str) -> str:
    return address_key.key_of(named_address.bare(address.show(text)))


def test_the_same_person_has_one_key_however_the_address_is_written():
    assert key("Anna Berg <Anna@Bücher.Example.com>") == key("anna@XN--BCHER-KVA.example.com")
    assert key("anna+news@example.com") != key("anna@example.com")


def test_a_hash_is_found_again_after_the_keys_have_changed():
    kept = address_key.hash_of("anna@example.com", "acme", OLD)
    assert kept in address_key.hashes_of("anna@example.com", "acme", NEW)
    assert (
        address_key.hash_of("anna@example.com", "acme", NEW)
        == address_key.hashes_of("anna@example.com", "acme", NEW)[0]
    )


def test_a_hash_tells_neither_the_address_nor_who_has_the_same_one():
    kept = address_key.hash_of("anna@example.com", "acme", OLD)
    assert kept.startswith("1.")
    assert len(kept) == 2 + 64
    assert kept != address_key.hash_of("anna@example.com", "other", OLD)
    assert kept != address_key.hash_of("anna@example.com", "acme", Keys({1: b"2" * 32}))
    assert kept != address_key.hash_of("raj@example.com", "acme", OLD)
