"""Botocore's descriptions of AWS's services, read once for all tests.

Each session of botocore reads them anew, and each store has a session of its own: that took more time than what most
tests of a store are about.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
import pytest
from botocore import loaders


@contextmanager
def read_once() -> Iterator[None]:
    """What one session has read, each one that is made as long as the block runs knows."""
    known: dict[str | None, dict[Any, Any]] = defaultdict(dict)

    def made(search_path: str | None = None) -> loaders.Loader:
        loader = loaders.create_loader(search_path)
        loader._cache = known[search_path]
        return loader

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", made)
        yield
