"""Credentials for SES's API: ids that everybody may see, and secrets that only the master keys can make."""

import re
import secrets
from base64 import b32decode

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import ses_credential
from chalicelib.core.token import Keys

OLD, NEW = Keys({1: b"a" * 32}), Keys({1: b"a" * 32, 7: b"b" * 32})


def test_an_id_looks_like_those_of_aws_and_names_its_master_key():
    made = ses_credential.make(NEW, secrets.token_bytes)
    assert re.fullmatch(r"MSAK[A-Z2-7]{16}", made)
    assert ses_credential.is_access_key_id(made)
    assert b32decode(made[4:])[0] == 7


def test_a_secret_outlives_the_rotation_of_master_keys_until_its_own_is_taken_away():
    made = ses_credential.make(OLD, secrets.token_bytes)
    secret = ses_credential.secret_of(made, OLD)
    assert secret == ses_credential.secret_of(made, NEW)
    assert ses_credential.secret_of(made, Keys({7: b"b" * 32})) is None


def test_a_secret_is_known_for_its_master_key_and_id():
    """Changing how it is made would end every credential that is in use."""
    assert ses_credential.secret_of("MSAKAEAAAAAAAAAAAAAA", OLD) == "RznT63gUVRtEKep5DveBGMjMGKJvQywRffC-HxbF"


@given(st.binary(min_size=9, max_size=9), st.binary(min_size=9, max_size=9))
def test_other_ids_have_other_secrets_of_the_length_of_those_of_aws(one, other):
    ids = [ses_credential.make(NEW, lambda _, raw=raw: raw) for raw in (one, other)]
    made = {ses_credential.secret_of(each, NEW) for each in ids}
    assert len(made) == len({one, other})
    assert all(secret and re.fullmatch(r"[A-Za-z0-9_-]{40}", secret) for secret in made)


@given(st.text(max_size=30))
def test_nothing_else_is_an_id(text):
    assert ses_credential.is_access_key_id(text) == bool(re.fullmatch(r"MSAK[A-Z2-7]{16}", text))
