"""docs/FILES.md says what the files hold, and what it shows runs; docs/performance.md adds up."""

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softmodes.cli import main
from softmodes.study import contract, storage

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "FILES.md").read_text(encoding="utf-8")
SYMBOLS = {"sigma11": "σ11", "epsilon": "ε", "tau": "τ", "^2": "²"}
NAME = "N120_T0.600_s000"


@pytest.fixture
def example(results, tmp_path, monkeypatch):
    """Function that puts the test's study into a text of the page; run where it may write."""
    monkeypatch.chdir(tmp_path)
    return lambda text: text.replace("results/demo", str(results)).replace(
        "N1200_T0.460_s000", NAME
    )


def section(stage: str) -> str:
    (found,) = re.findall(rf"^### `{stage}`\n(.*?)(?=^##)", PAGE, re.M | re.S)
    return found


def pretty(unit: str) -> str:
    for plain, symbol in SYMBOLS.items():
        unit = unit.replace(plain, symbol)
    return unit


@pytest.mark.parametrize("stage", contract.CONTRACT)
def test_the_page_has_every_dataset_of_the_contract(stage):
    stage_contract = contract.CONTRACT[stage]
    expected = []
    for name, entry in stage_contract.datasets.items():
        shape = (
            "(" + ", ".join(map(str, entry.shape)) + ("," if len(entry.shape) == 1 else "") + ")"
        )
        kind = "" if entry.dtype == "float64" else f" {entry.dtype}"
        expected.append((name, shape + kind, pretty(entry.units), not entry.required))
    rows = re.findall(r"^\| `(\S+)` \| (.*?) \| (.*?) \|(.*)\|$", section(stage), re.M)
    found = [(name, shape, unit, "optional" in what) for name, shape, unit, what in rows]
    assert found == expected
    carried = {name for entry in stage_contract.datasets.values() for name in entry.attributes}
    for name in {*stage_contract.attributes, *carried} - {"box_length"}:  # which all files have
        assert f"`{name}`" in section(stage)


def test_the_page_has_every_common_attribute():
    (common,) = re.findall(r"^## HDF5\n(.*?)(?=^##)", PAGE, re.M | re.S)
    for name in (
        *contract.COMMON_ATTRIBUTES,
        *storage.provenance(),
        "box_length",
        "format_version",
    ):
        assert f"`{name}`" in common


def test_the_page_has_every_column_of_every_table(results):
    rows = dict(re.findall(r"^\| `(\w+)` \| (`quantity`.*|.*`\w+`.*) \|$", PAGE, re.M))
    tables = {path.stem: pd.read_csv(path) for path in (results / "tables").glob("*.csv")}
    assert tables.keys() <= rows.keys()
    for table, frame in tables.items():
        first = {"n_particles", "temperature", "sample"}
        columns = [name for name in frame.columns if name not in first]
        # in brackets stand explanations
        named = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", rows[table]))
        assert [name for name in named if name not in first] == columns, table


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
    assert len(printed[2].out.splitlines()) == 10


def test_the_ratios_are_those_of_the_times():
    page = (DOCS / "performance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|.*?\| ([\d.e /-]+) \| ([\d.e /-]+) \| ([\d. /]+) \|$", page, re.M)
    assert len(rows) == 13
    for row in rows:
        ours, peer, ratio = (np.array(cell.split(" / "), dtype=float) for cell in row)
        np.testing.assert_allclose(peer / ours, ratio, rtol=0.05)  # two digits of each
