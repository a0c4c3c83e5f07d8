"""What choices of the analysis change, as plain data, from the tables of the variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from softmodes.report.letter import LABELS

AT_STRAIN = {"DW_pq": min, "DP_pq": min, "DW_d": min, "DW_p": max}
"""The overlaps shown, and at which of the strains that all variants have."""

ESTIMATORS = ("overlap_drop", "stress_maximum")


@dataclass(frozen=True)
class ChoiceTables:
    """The tables, named as their files."""

    variants: pd.DataFrame
    shear_directions: pd.DataFrame


def changes(tables: ChoiceTables) -> list[dict[str, Any]]:
    """Of each N and T the overlaps, each with what it is and what variants add to it.

    Those that leave it as it is, in every sample, have no part in it and are left out.
    """
    found = []
    for (size, temperature), rows in tables.variants.groupby(["n_particles", "temperature"]):
        some = [rows[rows["quantity"] == name] for name in AT_STRAIN]
        overlaps = [_at_one_strain(shown) for shown in some if len(shown)]
        found.append({"n_particles": size, "temperature": temperature, "overlaps": overlaps})
    return found


def _at_one_strain(rows: pd.DataFrame) -> dict[str, Any]:
    quantity = rows["quantity"].iloc[0]
    numbers = rows.groupby("gamma")["variant"].nunique()
    gamma = AT_STRAIN[quantity](numbers.index[numbers == numbers.max()])
    rows = rows[rows["gamma"] == gamma]
    change = ["difference", "lower", "upper"]
    # limits are NaN for one sample
    changed = rows[(rows[change].fillna(0.0) != 0.0).any(axis=1)]
    return {
        "label": LABELS[quantity],
        "gamma": gamma,
        "value": rows["reference"].iloc[0],
        "variants": changed[["variant", *change, "n_samples"]].to_dict("records"),
    }


def directions(tables: ChoiceTables) -> list[dict[str, Any]]:
    """Critical strains by direction of shear."""
    frame = tables.shear_directions
    rows = frame[frame["estimator"].isin(ESTIMATORS)].astype({"reason": object})
    return rows.fillna({"reason": ""}).to_dict("records")
