"""Where a missing browser fails the tests and where it skips them."""

import pytest

from infra.browser import is_required


@pytest.mark.parametrize("value", ["true", "True", "TRUE", "1", "yes", "woodpecker", " true "])
def test_in_ci_a_browser_must_be_there(value: str) -> None:
    assert is_required({"CI": value})


@pytest.mark.parametrize("environ", [{}, *({"CI": value} for value in ("", " ", "0", "false", "False", "no", "off"))])
def test_elsewhere_its_tests_may_be_skipped(environ: dict[str, str]) -> None:
    assert not is_required(environ)
