"""The folder of a run: one that cannot be had is told in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.folder import Folder, used_alone
from infra.local.problem import CannotRun


def a_file(place: Path) -> Path:
    place.write_text("of somebody else")
    return place


def below_a_file(place: Path) -> Path:
    return a_file(place) / "data"


def with_a_folder_for_a_lock(place: Path) -> Path:
    (place / "run.lock").mkdir(parents=True)
    return place


def with_too_long_a_name(place: Path) -> Path:
    return place / ("x" * 300)


@pytest.mark.parametrize("made", [a_file, below_a_file, with_a_folder_for_a_lock, with_too_long_a_name])
def test_a_folder_that_cannot_be_used_is_told_in_one_line(made: Callable[[Path], Path], tmp_path: Path) -> None:
    root = made(tmp_path / "place")
    with pytest.raises(CannotRun) as told, used_alone(Folder(root)):
        pass
    assert str(told.value).startswith(f"the folder {root} cannot be used (")
    assert "\n" not in str(told.value)


def test_a_folder_is_used_by_one_run_at_a_time(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "made" / "here")
    with used_alone(folder), pytest.raises(CannotRun, match="already running in"), used_alone(folder):
        pass
    with used_alone(folder):
        pass
