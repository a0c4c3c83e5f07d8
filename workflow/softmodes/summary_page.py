"""The summary as a page to read and as JSON, from the plain data of `softmodes.summary.compare`."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from softmodes import storage
from softmodes.statistics import CONFIDENCE

OTHER_MIXTURE = (
    "This study is of another mixture than the Letter's: what it found stands beside the Letter's "
    "statements without a verdict."
)


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
        f"A verdict asks whether an interval of {CONFIDENCE:.0%} (Student's t, or samples drawn "
        "anew) lies within what the statement allows.",
        "## Before believing it",
        "\n".join(f"- {text}" for text in found["warnings"]) or "Nothing to report.",
        "## Statements of the Letter",
        *([] if found["letters_mixture"] else [OTHER_MIXTURE]),
        _findings_table(found["statements"]),
        "## This study's own measures",
        _findings_table(found["controls"]),
        "## Critical strain",
        _critical_text(found),
        "## Overlaps at the lowest temperature",
        _overlap_table(found["overlaps_at_lowest_temperature"]),
        "## State points",
        _state_tables(found),
        "## Checks",
        _checks_table(found["checks"]),
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
        observed = [_observed(seen) for seen in item["observations"]]
        observed += [item["remark"]] if item["remark"] else []
        obtained = "<br>".join(observed) or "nothing to judge by"
        rows.append([item["name"], item["statement"], obtained, f"**{item['verdict']}**"])
    return _table(["", "statement", f"obtained ({CONFIDENCE:.0%} interval)", "verdict"], rows)


def _observed(seen: dict[str, Any]) -> str:
    text = f"{seen['what']}: {_number(seen['value'])}"
    if seen["low"] != seen["high"]:
        text += f" ({_number(seen['low'])} to {_number(seen['high'])})"
    if seen["samples_needed"]:
        text += f"; about {seen['samples_needed']:.0f} samples would tell"
    return text


def _critical_text(found: dict[str, Any]) -> str:
    first = found["gamma_c"][0]
    letter = f"The Letter: {first['letter']:g} ± {first['letter_sd']:g} (SD)."
    pooled = _table(
        ["estimator", "of the mean curves", "95% interval", "SD of own", "own fits", "failed"],
        [
            [
                row["estimator"].replace("_", " "),
                _number(row["value"]),
                _range(row["lower"], row["upper"]),
                _number(row["sd"]),
                row["n_own"],
                row["n_failed"],
            ]
            for row in found["gamma_c"]
        ],
    )
    single = _table(
        [
            "estimator",
            "N",
            "T",
            "of the mean curve",
            "95% interval",
            "undefined resamples",
            "SD of own",
            "failed",
            "",
        ],
        [
            [
                row["estimator"].replace("_", " "),
                point["n_particles"],
                _number(point["temperature"]),
                _number(point["value"]),
                _range(point["lower"], point["upper"]),
                point["n_undefined"],
                _number(point["sd"]),
                f"{point['n_failed']} of {point['n_samples']}",
                point["reason"],
            ]
            for row in found["gamma_c"]
            for point in row["state_points"]
        ],
    )
    trends = _table(
        ["estimator", "N", "what", "value", "95% interval", "state points", "from", "to"],
        [
            [
                row["estimator"].replace("_", " "),
                row["n_particles"] or "all",
                row["what"].replace("_", " "),
                _number(row["value"]),
                _range(row["lower"], row["upper"]),
                row["n_state_points"],
                _number(row["abscissa_low"]),
                _number(row["abscissa_high"]),
            ]
            for row in found["gamma_c_trends"]
            if row["value"] is not None
        ],
    )
    return "\n\n".join([letter, pooled, single, "Over temperatures and sizes:", trends])


def _overlap_table(rows: list[dict[str, Any]]) -> str:
    corrected = (
        "Corrected: for the noise of the Debye–Waller factor and the propensity, known from halves "
        "of their runs."
    )
    table = _table(
        [
            "N",
            "overlap",
            "value",
            "SD",
            "random",
            "within species",
            "value less within species",
            "corrected",
            "rank correlation",
        ],
        [
            [
                row["n_particles"],
                row["label"],
                _value(row["overlap"], row["overlap_sem"]),
                _number(row["overlap_sd"]),
                _number(row["random"]),
                _number(row["within_species"]),
                _value(row["excess"], row["excess_sem"]),
                _value(row["corrected"], row["corrected_sem"]),
                _value(row["rank_correlation"], row["rank_correlation_sem"]),
            ]
            for row in rows
        ],
    )
    return f"{corrected}\n\n{table}"


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
            "t_eq over cage-relative",
            "halves: e_IS",
            "halves: P",
            "halves: F_s(τ_e)",
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
                _number(row["cage_relative_times"]),
                *(
                    _value(row[f"{name}_halves"], row[f"{name}_halves_sem"])
                    for name in ("inherent_energy", "pressure", "scattering")
                ),
                "yes" if row["equilibrated"] else "no",
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
        "τ_e is that of F_s averaged over samples, t_eq the stage at constant volume; the halves "
        "of that stage are compared, second less first. What is asked of a state point is told in "
        "`equilibrated` of the configuration."
    )
    return "\n\n".join([equilibrated, prepared, obtained, "First minima of g_ab(r):", minima])


def _checks_table(rows: list[dict[str, Any]]) -> str:
    """A line per check, with the state point that comes closest to a limit, or is farthest off."""
    lines = []
    for check in dict.fromkeys(row["check"] for row in rows):
        some = [row for row in rows if row["check"] == check]
        worst = max(some, key=_nearness)
        passed = sum(row["passed"] for row in some)
        lines.append(
            [
                check,
                f"{passed} of {len(some)}"
                if passed == len(some)
                else f"**{passed} of {len(some)}**",
                worst["n_particles"],
                _number(worst["temperature"]),
                _number(worst["value"], 5),
                _number(worst["expected"], 5),
                _range(worst["lower"], worst["upper"], 5),
            ]
        )
    header = ["check", "passed", "closest: N", "T", "value", "expected", "allowed"]
    return _table(header, lines)


def _nearness(row: dict[str, Any]) -> float:
    """Distance from what is expected over that of the limit on that side."""
    if row["value"] is None:
        return math.inf
    limit = row["upper"] if row["value"] > row["expected"] else row["lower"]
    distance = row["value"] - row["expected"]
    return distance / (limit - row["expected"]) if distance and limit != row["expected"] else 0.0


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


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}g}"


def _range(low: float | None, high: float | None, digits: int = 3) -> str:
    if low is None and high is None:
        return "–"
    return f"{_number(low, digits)} to {_number(high, digits)}"


def _list(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
