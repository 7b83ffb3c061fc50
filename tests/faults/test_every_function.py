"""Every function of app.py has a test in which faults strike at its AWS calls. The mark `strikes` names the functions
of a test, and conftest.py holds that there was a strike at each of them."""

import importlib
from pathlib import Path

import pytest

from app import EVENTS

FUNCTIONS = [module.__name__.rpartition(".")[2] for module in EVENTS]


def struck() -> set[str]:
    """The functions that a test of this folder names."""
    files = Path(__file__).parent.glob("test_*.py")
    modules = [importlib.import_module(f"tests.faults.{file.stem}") for file in files]
    tests = [one for module in modules for name, one in vars(module).items() if name.startswith("test_")]
    marks = [mark for one in tests for mark in getattr(one, "pytestmark", ()) if mark.name == "strikes"]
    return {name for mark in marks for name in mark.args}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_faults_strike_at_every_function(function):
    assert function in struck(), (
        f"give {function} a Scene, strike it everywhere, and mark the test: strikes({function!r})"
    )
