"""The summary as a page to read and as JSON, from the plain data of `softmodes.summary.compare`."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from softmodes import storage
from softmodes.statistics import SIGNIFICANT_SEM


def write(found: dict[str, Any], markdown_path: str | Path, json_path: str | Path) -> None:
    """Write a summary as text to read and as JSON, each atomically."""
    with storage.replacing(json_path) as temporary:
        text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    with storage.replacing(markdown_path) as temporary:
        temporary.write_text(markdown(found), encoding="utf-8")


def markdown(found: dict[str, Any]) -> str:
    """A summary as `summary` gives it, as a page to read."""
    verdicts = [item["verdict"] for item in found["statements"]]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in Counter(verdicts).items())
    sections = [
        f"# Study “{found['study']}” beside the Letter",
        f"{found['n_samples']} samples of N = {_list(found['sizes'])} at T = "
        f"{_list(found['temperatures'])}. Of {len(verdicts)} statements: {counts}. Errors are "
        "standard errors over samples unless said; SD is the standard deviation over samples. "
        f"A difference counts beyond {SIGNIFICANT_SEM:g} standard errors.",
        "## Before believing it",
        "\n".join(f"- {text}" for text in found["warnings"]) or "Nothing to report.",
        "## Statements of the Letter",
        _findings_table(found["statements"]),
        "## This study's own measures",
        _findings_table(found["controls"]),
        "## Critical strain",
        _critical_text(found),
        "## Overlaps at the lowest temperature",
        _overlap_table(found["overlaps_at_lowest_temperature"]),
        "## State points",
        _state_tables(found),
        "## Criteria",
        "\n".join(
            f"- **{item['name']}**: {item['criterion']}"
            for item in found["statements"] + found["controls"]
        ),
    ]
    return "\n\n".join(sections) + "\n"


def _findings_table(findings: list[dict[str, Any]]) -> str:
    rows = []
    for item in findings:
        observed = [
            f"{seen['what']}: {_value(seen['mean'], seen['sem'])}" for seen in item["observations"]
        ]
        observed += [item["remark"]] if item["remark"] else []
        obtained = "<br>".join(observed) or "nothing to judge by"
        rows.append([item["name"], item["statement"], obtained, f"**{item['verdict']}**"])
    return _table(["", "statement", "obtained", "verdict"], rows)


def _critical_text(found: dict[str, Any]) -> str:
    first = found["gamma_c"][0]
    letter = f"The Letter: {first['letter']:g} ± {first['letter_sd']:g} (SD)."
    pooled = _table(
        ["estimator", "mean over samples", "SD", "samples", "failed fits"],
        [
            [
                row["estimator"].replace("_", " "),
                _value(row["mean"], row["sem"]),
                _number(row["sd"]),
                row["n_samples"],
                row["n_failed"],
            ]
            for row in found["gamma_c"]
        ],
    )
    single = _table(
        ["estimator", "N", "T", "of the mean curve", "95% bootstrap", "SD", "failed fits", ""],
        [
            [
                row["estimator"].replace("_", " "),
                point["n_particles"],
                _number(point["temperature"]),
                _number(point["value"]),
                f"{_number(point['lower'])} to {_number(point['upper'])}",
                _number(point["sd"]),
                f"{point['n_failed']} of {point['n_samples']}",
                point["reason"],
            ]
            for row in found["gamma_c"]
            for point in row["state_points"]
        ],
    )
    trends = _table(
        ["estimator", "against", "slope", "95% interval", "state points"],
        [
            [
                row["estimator"].replace("_", " "),
                row["against"],
                _number(row["slope"]),
                f"{_number(row['low'])} to {_number(row['high'])}",
                row["n"],
            ]
            for row in found["gamma_c_trends"]
        ],
    )
    return "\n\n".join([letter, pooled, single, "Trends:", trends])


def _overlap_table(rows: list[dict[str, Any]]) -> str:
    return _table(
        ["N", "overlap", "value", "SD", "random", "within species", "value less within species"],
        [
            [
                row["n_particles"],
                row["label"],
                _value(row["overlap"], row["sem"]),
                _number(row["sd"]),
                _number(row["random"]),
                _number(row["within_species"]),
                _value(row["excess"], row["excess_sem"]),
            ]
            for row in rows
        ],
    )


def _state_tables(found: dict[str, Any]) -> str:
    states = found["state_points"]
    prepared = _table(
        [
            "N",
            "T",
            "P",
            "ρ",
            "τ_e",
            "τ_e cage-relative",
            "t_eq/τ_e",
            "equilibrated",
        ],
        [
            [
                row["n_particles"],
                _number(row["temperature"]),
                _value(row["pressure"], row["pressure_sem"]),
                _value(row["density"], row["density_sem"]),
                _number(row["relaxation_time"]),
                _number(row["cage_relative_relaxation_time"]),
                _number(row["relaxation_times"]),
                f"{row['n_equilibrated']} of {row['n_samples']}",
            ]
            for row in states
        ],
    )
    obtained = _table(
        [
            "N",
            "T",
            "mean DWF",
            "DWF halves' correlation",
            "e_IS",
            "switched at smallest γ",
            "switched by translation",
            "quenches",
            "unconverged",
            "saddles",
        ],
        [
            [
                row["n_particles"],
                _number(row["temperature"]),
                _value(row["debye_waller"], row["debye_waller_sem"]),
                _number(row["debye_waller_reliability"]),
                _value(row["inherent_energy"], row["inherent_energy_sem"]),
                _number(row["switched_share"]),
                _number(row["translation_switched_share"]),
                row["n_quenches"],
                row["n_unconverged"],
                row["n_saddles"],
            ]
            for row in states
        ],
    )
    minima = _table(
        ["N", "T", "g_11", "g_12", "g_22"],
        [
            [row["n_particles"], _number(row["temperature"])]
            + [_number(row[f"first_minimum_{pair}"]) for pair in ("small", "mixed", "large")]
            for row in states
        ],
    )
    equilibrated = (
        "A state point is equilibrated where t_eq is at least "
        f"{found['minimum_relaxation_times']:g} τ_e and the cage-relative times asked for, neither "
        "e_IS nor P drifts in the mean over samples and the halves of t_eq agree in both and in "
        "F_s at τ_e. τ_e is that of F_s averaged over "
        "samples; t_eq is the stage at constant volume."
    )
    return "\n\n".join([equilibrated, prepared, obtained, "First minima of g_ab(r):", minima])


def _table(header: list[str], rows: list[list[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def _value(mean: float | None, error: float | None) -> str:
    """A number with its error, both to the error's second digit."""
    if mean is None or error is None or error <= 0:
        return _number(mean)
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _list(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
