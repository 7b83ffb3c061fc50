"""The benchmark of the hot path: what it tells, and that it tells nothing of opens that were not served."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import track, track_runs
from bench.report import Figure, Goal, Table
from bench.track import Work
from bench.track_contenders import HANDLERS
from bench.track_runs import Place
from bench.track_store import Store, store
from infra.aws.package import Package


@pytest.fixture(scope="module")
def unpacked(packaged: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(packaged.zip) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def tables(unpacked: Path) -> list[Table]:
    return list(track.tables(Work(cold_rounds=1, warm_rounds=1, opens=1), unpacked))


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Store]:
    with store(tmp_path) as made:
        yield made


def figures(tables: list[Table]) -> dict[str, Figure]:
    found = [figure for table in tables for figure in table.figures]
    assert len({figure.what for figure in found}) == len(found)
    return {figure.what: figure for figure in found}


def test_every_contender_is_measured_cold_and_warm(tables: list[Table]) -> None:
    found = figures(tables)
    for what, unit in (("cold start", "ms"), ("CPU, network apart", "µs"), ("CPU with network", "µs")):
        for name in track.NAMES.values():
            measured = found[f"{what}, {name}"]
            assert measured.value > 0
            assert measured.unit == unit
    assert len(found) == 3 * (len(track.NAMES) + 2)


def test_goals_are_held_by_ratios(tables: list[Table]) -> None:
    found = figures(tables)
    goals = {figure.what: figure.goal for figure in found.values() if figure.goal}
    assert goals == {
        "cold start, track beside a botocore handler": Goal("≤", 0.30),
        "CPU, network apart, track beside a botocore handler": Goal("≤", 0.10),
        "CPU, network apart, track beside the usual stack": Goal("≤", 0.04),
    }
    for what in goals:
        ours, theirs = what.split(", track beside ")
        assert found[what].value == pytest.approx(found[f"{ours}, track"].value / found[f"{ours}, {theirs}"].value)
        assert found[what].unit == "×"


def test_each_contender_says_what_it_does(tables: list[Table]) -> None:
    found = figures(tables)
    assert "botocore" in found["cold start, a botocore handler"].note
    for word in ("Chalice", "Logger", "Metrics", "pynamodb", "one `save()`"):
        assert word in found["cold start, the usual stack"].note


@pytest.mark.parametrize("name", HANDLERS)
def test_an_open_that_is_not_written_is_not_measured(name: str, tables: list[Table], unpacked: Path) -> None:
    """Nobody listens at the port of the stub any more. Ours shows the pixel nevertheless, and spills."""
    with pytest.raises(RuntimeError, match=f"{name} recorded 0 opens"):
        track_runs.run(Place(unpacked, 9), name, 0)


def test_nothing_is_imported_from_outside_the_package(stub: Store, unpacked: Path, tmp_path: Path) -> None:
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    for path in unpacked.iterdir():
        if path.name not in ("bench", "urllib3"):
            (lacking / path.name).symlink_to(path)
    track_runs.prepare(lacking, stub.certificate)
    assert track_runs.run(Place(lacking, stub.port), "mailsight", 0) > 0
    with pytest.raises(RuntimeError, match="No module named 'urllib3'"):
        track_runs.run(Place(lacking, stub.port), "botocore", 0)
