"""The study beside the Letter as plain data: statements with verdicts, and the numbers behind.

Everything comes from the study's tables, through the statements of `softmodes.report.letter` and
`softmodes.report.beyond`; verdicts follow the one rule of `softmodes.report.verdicts`.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from softmodes.analysis import gamma_c
from softmodes.analysis.statistics import summarise
from softmodes.report import beyond, choices
from softmodes.report.beyond import BeyondTables
from softmodes.report.causes import CAUSES
from softmodes.report.choices import ChoiceTables
from softmodes.report.evidence import Tables
from softmodes.report.letter import GAMMA_C, GAMMA_C_SD, LABELS, LETTER, OWN
from softmodes.report.verdicts import DIFFERS, TOO_SMALL, Finding, Observation

NEIGHBOUR_TOLERANCE = 0.05
"""By how much a neighbour distance may miss the first minimum of its g(r) without a word."""

NOT_COMPARED = "not compared"
"""In place of a verdict on the Letter, where the mixture is another than the Letter's."""


def compare(
    tables: Tables,
    study: str,
    letters_mixture: bool,
    *,
    beyond_tables: BeyondTables | None = None,
    choice_tables: ChoiceTables | None = None,
) -> dict[str, Any]:
    """The whole summary as plain data, NaN as None: what `summary.json` holds.

    Args:
        tables: of the study.
        study: its name.
        letters_mixture: whether the mixture is the Letter's; statements about another one get what
            was observed, and no verdict.
        beyond_tables: what the study has beyond the Letter, judged whatever the mixture is.
        choice_tables: what the study has of choices made otherwise.
    """
    findings = [_finding(statement.judge(tables)) for statement in LETTER]
    if not letters_mixture:
        findings = [_without_verdict(item) for item in findings]
    further = beyond.judged(beyond_tables) if beyond_tables else []
    doubts = beyond.warnings(beyond_tables) if beyond_tables else []
    return _plain(
        {
            "study": study,
            "letters_mixture": letters_mixture,
            "headline": _headline(tables),
            "sizes": tables.sizes,
            "temperatures": tables.temperatures,
            "n_samples": _numbers_of_samples(tables),
            "statements": findings,
            "controls": [_finding(statement.judge(tables)) for statement in OWN],
            "causes": _causes(tables, findings),
            "beyond": [_finding(found) for found in further],
            "gamma_c": _critical_strains(tables),
            "gamma_c_trends": _trends(tables),
            "overlaps_at_lowest_temperature": _coldest_overlaps(tables),
            "state_points": _ensembles(tables),
            "variants": choices.changes(choice_tables) if choice_tables else [],
            "shear_directions": choices.directions(choice_tables) if choice_tables else [],
            "checks": tables.checks.to_dict("records"),
            "warnings": _warnings(tables) + doubts,
        }
    )


def _numbers_of_samples(tables: Tables) -> str:
    """By N: one number, or the range, and the temperatures."""
    found = tables.state_points.groupby(["n_particles", "temperature"])["sample"].nunique()
    texts = []
    for size, numbers in found.groupby(level="n_particles"):
        temperatures = numbers.index.get_level_values("temperature")
        number, where = (
            f"{low:g}" if low == high else f"{low:g} to {high:g}"
            for low, high in ((each.min(), each.max()) for each in (numbers, temperatures))
        )
        texts.append(f"{number} of N = {size} at T = {where}")
    return "; ".join(texts)


def _finding(found: Finding) -> dict[str, Any]:
    return asdict(found) | {
        "observations": [_observation(seen) for seen in found.observations],
        "verdict": found.verdict,
    }


def _observation(seen: Observation) -> dict[str, Any]:
    return asdict(seen) | {"verdict": seen.verdict, "samples_needed": seen.samples_needed}


def _without_verdict(finding: dict[str, Any]) -> dict[str, Any]:
    neither = {"verdict": NOT_COMPARED, "samples_needed": math.nan}
    observations = [seen | neither for seen in finding["observations"]]
    return finding | {"observations": observations, "verdict": NOT_COMPARED}


def _causes(tables: Tables, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is known of the statements that do not agree."""
    open_ones = {item["name"] for item in findings if item["verdict"] in (DIFFERS, TOO_SMALL)}
    answered = [
        {
            "name": cause.statement,
            "question": cause.question,
            "observations": [_observation(seen) for seen in cause.observe(tables)],
        }
        for cause in CAUSES
        if cause.statement in open_ones
    ]
    return [item for item in answered if item["observations"]]


def _headline(tables: Tables) -> str:
    """The study's two figures in a line."""
    said = []
    if found := tables.trend("overlap_drop", "mean", None):
        value, interval, _ = found
        said.append(f"γ_c = {value:.3f} (95%: {interval.low:.3f} to {interval.high:.3f})")
    for size in tables.sizes:
        overlap = summarise(tables.overlap("DW_pq", size, tables.coldest(size)))
        if overlap.n:
            error = f" ± {overlap.sem:.3f}" if overlap.n > 1 else ""
            where = f"at T = {tables.coldest(size):g}, N = {size}"
            said.append(f"O_DW,p = {overlap.mean:.3f}{error} {where}")
    return ", ".join(said)


# --- numbers beside the statements ------------------------------------------------------------


def _critical_strains(tables: Tables) -> list[dict[str, Any]]:
    """Per estimator: of the mean curves over all state points, then each of them."""
    found = []
    for estimator, rows in tables.gamma_c.groupby("estimator"):
        own = tables.own_strains(str(estimator))
        trend = tables.trend(str(estimator), "mean", None)
        pooled = (
            {"value": trend[0], "lower": trend[1].low, "upper": trend[1].high}
            if trend
            else dict.fromkeys(("value", "lower", "upper"), math.nan)
        )
        ensembles = (
            rows[rows["what"] == "ensemble"]
            .drop(columns=["estimator", "what", "sample"])
            .astype({"n_samples": int, "n_failed": int, "n_undefined": int, "reason": object})
            .fillna({"reason": ""})
        )
        found.append(
            {"estimator": estimator}
            | pooled
            | {
                "sd": float(own.std()),
                "n_own": int(own.notna().sum()),
                "n_failed": int(own.isna().sum()),
                "letter": GAMMA_C,
                "letter_sd": GAMMA_C_SD,
                "state_points": ensembles.to_dict("records"),
            }
        )
    return found


def _trends(tables: Tables) -> list[dict[str, Any]]:
    rows = tables.gamma_c_trends.astype({"n_particles": "Int64", "left_out": object})
    return rows.fillna({"left_out": ""}).to_dict("records")


def _coldest_overlaps(tables: Tables) -> list[dict[str, Any]]:
    frame = tables.overlap_vs_temperature
    coldest = frame["temperature"] == frame["n_particles"].map(tables.coldest)
    rows = frame[coldest & frame["overlap"].notna()]
    found = []
    for (size, quantity), group in rows.groupby(["n_particles", "quantity"]):
        values = {
            "overlap": group["overlap"],
            "excess": group["overlap"] - group["within_species"],
            "corrected": group["corrected"],
            "rank_correlation": group["rank_correlation"],
        }
        row = {
            "n_particles": size,
            "quantity": quantity,
            "label": LABELS.get(str(quantity), quantity),
            "random": group["random"].mean(),
            "within_species": group["within_species"].mean(),
        }
        for name, column in values.items():
            summary = summarise(column)
            row |= {name: summary.mean, f"{name}_sem": summary.sem, f"{name}_sd": summary.sd}
        found.append(row)
    return found


def _ensembles(tables: Tables) -> list[dict[str, Any]]:
    """One row per N and T: how it was prepared, and what its samples have in common."""
    found = []
    for (size, temperature), rows in tables.state_points.groupby(["n_particles", "temperature"]):
        row = {"n_particles": size, "temperature": temperature, "n_samples": len(rows)}
        for name in ("inherent_energy", "pressure"):
            late = summarise(rows[f"{name}_drift"] * rows["time"] / 2.0)
            row |= {f"{name}_late_change": late.mean, f"{name}_late_change_sem": late.sem}
        for name in (
            "pressure",
            "density",
            "inherent_energy",
            "debye_waller",
            "inherent_energy_drift",
            "pressure_drift",
            "inherent_energy_halves",
            "pressure_halves",
            "scattering_halves",
        ):
            values = summarise(rows[name])
            row |= {name: values.mean, f"{name}_sem": values.sem, f"{name}_sd": values.sd}
        row |= {
            "relaxation_time": rows["relaxation_time"].iloc[0],
            "cage_relative_relaxation_time": rows["cage_relative_relaxation_time"].iloc[0],
            "sample_relaxation_time_least": rows["sample_relaxation_time"].min(),
            "sample_relaxation_time_most": rows["sample_relaxation_time"].max(),
            "time": rows["time"].mean(),
            "relaxation_times": rows["relaxation_times"].mean(),
            "cage_relative_times": rows["cage_relative_times"].mean(),
            "equilibrated": bool(rows["equilibrated"].all()),
            "unequilibrated_because": _text(rows["unequilibrated_because"].iloc[0]),
            "switched_share": rows["switched"].mean(),
            "translation_switched_share": rows["translation_switched"].mean(),
            "debye_waller_reliability": rows["debye_waller_reliability"].mean(),
            "propensity_reliability": rows["propensity_reliability"].mean(),
            "n_quenches": int(rows["n_quenches"].sum()),
            "n_unconverged": int(rows["n_unconverged"].sum()),
            "n_saddles": int(rows["n_saddles"].sum()),
            "n_split_degeneracies": int(rows["n_split_degeneracies"].sum()),
            "n_ordered": int(rows["ordered"].sum()),
            "hexatic_order": rows["hexatic_order"].mean(),
            "hexatic_order_most": rows["hexatic_order"].max(),
            "small_structure_factor": rows["small_structure_factor"].mean(),
            "small_structure_factor_most": rows["small_structure_factor"].max(),
        }
        row |= {
            name: rows[name].mean()
            for name in rows.columns
            if name.startswith(("first_minimum_", "neighbour_distance_"))
        }
        found.append(row)
    return found


def _warnings(tables: Tables) -> list[str]:
    """What a reader must know before believing a figure."""
    found = []
    for row in _ensembles(tables):
        where = f"N = {row['n_particles']}, T = {row['temperature']:g}"
        if not row["equilibrated"]:
            found.append(f"{where}: not equilibrated: {row['unequilibrated_because']}")
        if row["n_ordered"]:
            found.append(
                f"{where}: {row['n_ordered']} of {row['n_samples']} samples crystallised or demixed"
            )
        for count, what in (
            ("n_unconverged", "quenches did not converge"),
            ("n_saddles", "quenches ended on saddles"),
            ("n_split_degeneracies", "sets of soft modes split a degenerate group"),
        ):
            if row[count]:
                found.append(f"{where}: {row[count]} of {row['n_quenches']} {what}")
        for pair in ("small", "mixed", "large"):
            minimum, distance = row[f"first_minimum_{pair}"], row[f"neighbour_distance_{pair}"]
            # warm liquids have flat, shifted minima
            coldest = row["temperature"] == tables.coldest(row["n_particles"])
            if coldest and abs(minimum / distance - 1.0) > NEIGHBOUR_TOLERANCE:
                found.append(
                    f"{where}: {pair} pairs count as neighbours up to {distance:g}, but the first "
                    f"minimum of their g(r) is at {minimum:.3g}"
                )
    found += [
        f"N = {row.n_particles}, T = {row.temperature:g}: {row.check} is {row.value:.6g}, "
        f"{row.expected:.6g} expected"
        for row in tables.checks[~tables.checks["passed"].astype(bool)].itertuples()
    ]
    # other definitions by a fit that failed are undefined with the first
    principal = [observable.estimators[0] for observable in gamma_c.OBSERVABLES.values()]
    rows = tables.gamma_c[(tables.gamma_c["what"] == "ensemble") & ~tables.gamma_c["defined"]]
    first = rows[rows["estimator"].isin(principal)]
    undefined = rows[
        rows["estimator"].isin(principal) | ~rows["reason"].isin(first["reason"].unique())
    ]
    found += [
        f"N = {row.n_particles}, T = {row.temperature:g}: {row.estimator.replace('_', ' ')} not "
        f"defined ({row.reason})"
        for row in undefined.itertuples()
    ]
    if tables.state_points["sample"].nunique() < 2:
        found.append("one sample only: nothing has an error")
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _plain(value: Any) -> Any:
    """Nested values as JSON knows them, with None for whatever is no number."""
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case str():
            return value
        case None:
            return None
        case bool() | np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            return float(value) if math.isfinite(value) else None
        case _ if value is pd.NA:
            return None
        case _:
            raise TypeError(f"{value!r} has no place in a summary")
