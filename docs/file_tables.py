"""Makes the tables of FILES.md from the contract of the files and the words in file_tables.yaml.

python docs/file_tables.py
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from softmodes.study.contract import CONTRACT, Dataset

PAGE = Path(__file__).with_name("FILES.md")
WORDS = yaml.safe_load(PAGE.with_name("file_tables.yaml").read_text(encoding="utf-8"))
SYMBOLS = {"sigma11": "σ11", "epsilon": "ε", "tau": "τ", "^2": "²"}
KINDS = {float: "", int: " int64", bool: " bool", str: " text"}


def rendered(page: str) -> str:
    """The page with its tables made anew."""
    for stage in CONTRACT:
        page = replaced(page, f"### `{stage}`", stage_table(stage))
    return replaced(page, "## Tables", column_table(WORDS["columns"]))


def replaced(page: str, heading: str, table: str) -> str:
    """The page with the first table after a heading replaced."""
    before, after = page.split(f"\n{heading}\n")
    return f"{before}\n{heading}\n" + re.sub(
        r"^\|.*?(?=\n\n)", lambda _: table, after, count=1, flags=re.M | re.S
    )


def stage_table(stage: str) -> str:
    """Attributes and datasets of a stage's file."""
    contract, attributes = CONTRACT[stage], WORDS["attributes"].get(stage, {})
    meanings = WORDS["datasets"][stage]
    assert attributes.keys() == contract.attributes.keys(), stage
    # what an archive holds has the meaning that it has in the files of the stages
    assert stage == "equilibria" or meanings.keys() == contract.datasets.keys(), stage
    rows = [
        (f"`{name}`", f"attribute{KINDS[contract.attributes[name]]}", unit, meaning)
        for name, (unit, meaning) in attributes.items()
    ]
    rows += [
        (f"`{name}`", shape(entry), pretty(entry.units), said(entry, meanings.get(name)))
        for name, entry in contract.datasets.items()
    ]
    return table(("dataset", "shape", "unit", "what"), rows)


def shape(entry: Dataset) -> str:
    lengths = ", ".join(map(str, entry.shape)) + ("," if len(entry.shape) == 1 else "")
    return f"({lengths})" + ("" if entry.dtype == "float64" else f" {entry.dtype}")


def pretty(unit: str) -> str:
    for plain, symbol in SYMBOLS.items():
        unit = unit.replace(plain, symbol)
    return unit


def said(entry: Dataset, meaning: str | None) -> str:
    return ": ".join(filter(None, ["" if entry.required else "optional", meaning]))


def column_table(columns: Mapping[str, Mapping[str, str | None]]) -> str:
    """The study's tables with their columns, what these mean in brackets."""
    rows = [
        (
            f"`{name}`",
            ", ".join(
                f"`{column}`" + (f" ({what})" if what else "") for column, what in of.items()
            ),
        )
        for name, of in columns.items()
    ]
    return table(("table", "columns"), rows)


def table(header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in [header, *rows]]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
