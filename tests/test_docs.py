"""docs/FILES.md says what the files hold, and what it shows runs; docs/performance.md adds up."""

import re
import shlex
from pathlib import Path

import file_tables
import numpy as np
import pandas as pd
import pytest

from softmodes.cli import main
from softmodes.study import contract, storage

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "FILES.md").read_text(encoding="utf-8")
NAME = "N120_T0.600_s000"


@pytest.fixture
def example(results, tmp_path, monkeypatch):
    """Function that puts the test's study into a text of the page; run where it may write."""
    monkeypatch.chdir(tmp_path)
    return lambda text: text.replace("results/demo", str(results)).replace(
        "N1200_T0.460_s000", NAME
    )


def test_the_tables_are_those_of_the_contract():
    """`python docs/file_tables.py` makes them; prose stays as it is."""
    assert file_tables.rendered(PAGE) == PAGE


def test_the_page_has_every_common_attribute():
    common = {*contract.COMMON_ATTRIBUTES, *contract.CELL, "format_version", "stage"}
    of_datasets = {
        name
        for stage in contract.CONTRACT.values()
        for entry in stage.datasets.values()
        for name in entry.attributes
    }
    for name in {*common, *of_datasets, *storage.provenance()}:
        assert f"`{name}`" in PAGE


def test_the_page_has_every_column_of_every_table(results):
    for path in (results / "tables").glob("*.csv"):
        columns = list(pd.read_csv(path, nrows=1).columns)
        assert list(file_tables.WORDS["columns"][path.stem]) == columns, path.stem


def test_its_example_runs(example, results):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    names: dict = {}
    exec(example(code), names)
    soft = storage.read(results / "modes" / f"{NAME}.h5")
    np.testing.assert_array_equal(names["softness"], soft["soft_participation"][0])
    assert (names["n_modes"], names["temperature"]) == (5, 0.6)
    assert -1 < names["correlation"] < 1
    assert names["mean_overlap"].between(0, 1).all()
    assert len(names["strained"]) == 8
    assert np.count_nonzero(names["small"]) == 60


def test_its_commands_run(example, capsys):
    """One after the other, as a reader would."""
    commands = re.findall(r"^softmodes (.*)$", PAGE, re.M)
    assert [command.split()[0] for command in commands] == ["export", "import", "provenance"]
    printed = []
    for command in commands:
        main(shlex.split(example(command)))
        printed.append(capsys.readouterr())
    assert printed[0].err == "glass.xyz: 9 frames\n"
    assert all(Path(name).is_file() for name in printed[1].out.splitlines()[-7:])
    assert len(printed[2].out.splitlines()) == 11


def test_the_ratios_are_those_of_the_times():
    page = (DOCS / "performance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|.*?\| ([\d.e /-]+) \| ([\d.e /-]+) \| ([\d. /]+) \|$", page, re.M)
    assert len(rows) == 13
    for row in rows:
        ours, peer, ratio = (np.array(cell.split(" / "), dtype=float) for cell in row)
        np.testing.assert_allclose(peer / ours, ratio, rtol=0.05)  # two digits of each
