"""Which mails somebody wants to see, and what they are told where there is no such thing."""

import pytest

from chalicelib.core import mail_filter
from chalicelib.core.bad_input import BadInput
from chalicelib.core.mail_filter import Only


def test_what_is_left_out_is_any():
    assert mail_filter.parse({"limit": "20"}).is_all
    assert mail_filter.parse({"status": "sent", "reason": "no_consent"}) == Only("sent", None, "no_consent")


@pytest.mark.parametrize("name", mail_filter.KNOWN)
def test_an_unknown_value_is_refused_with_those_that_there_are(name):
    with pytest.raises(BadInput) as refused:
        mail_filter.parse({name: "pigeon"})
    [error] = refused.value.errors
    assert error == {"pointer": f"/{name}", "message": f"must be one of: {', '.join(mail_filter.KNOWN[name])}"}
