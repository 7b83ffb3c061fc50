from collections.abc import Iterator

import pytest

from tests.moto_stack import Stack, data_stack


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The data stack in process, with the environment of a function."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with data_stack() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made
