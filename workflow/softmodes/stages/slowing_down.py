"""Density and relaxation times of each N and T with their errors, and the laws they follow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from softmodes.analysis import slowing_down
from softmodes.analysis.statistics import (
    bootstrap_interval,
    resample_counts,
    standard_error,
    summarise,
)
from softmodes.random_streams import stream
from softmodes.report import tables
from softmodes.study import storage

CAGE_RELATIVE = "cage_relative_relaxation_time"
CLOCKS = {
    "relaxation_time": "self_intermediate_scattering",
    CAGE_RELATIVE: "cage_relative_scattering",
}
"""Relaxation times, and the functions whose fall to 1/e they are."""

FULCHER_BELOW = 0.6
"""Highest T that Vogel and Fulcher's law is fitted to: about where Arrhenius' law ends."""


def write_slowing_down(
    relaxation: Sequence[str],
    *,
    times: str,
    laws: str,
    seed: int,
    config: str = "",
    code: str = "",
) -> None:
    """Write the tables `slowing_down` and `slowing_down_laws`.

    The first has, of each N and T, the `quantity` density, τ_e and the cage-relative time, of F_s
    averaged over samples; the second, of each N and either time, the parameters of Vogel and
    Fulcher's law and of the onset of slowing down. Samples are drawn anew, one draw for all T, and
    everything is repeated; intervals of times and of prefactors are those of their logarithms.

    Args:
        relaxation: relaxation files of all state points.
        times, laws: tables to write.
        seed: of the study, for the draws.
        config, code: the study's configuration and `code_digest`, for the provenance.

    Raises:
        InputError: samples at one N and T hold different times.
    """
    rows, parameters = [], []
    found = tables.by_ensemble(relaxation, "time", *CLOCKS.values())
    for n_particles in sorted({size for size, _ in found}):
        ensembles = {t: states for (size, t), states in found.items() if size == n_particles}
        rng = stream(seed, "slowing down", n_particles, temperature=0.0, sample=0)
        numbers = sorted({_sample(state) for states in ensembles.values() for state in states})
        counts = pd.DataFrame(resample_counts(len(numbers), rng), columns=numbers)
        key = {"n_particles": n_particles}
        rows += [
            key | {"temperature": t, "quantity": "density"} | _density(states)
            for t, states in ensembles.items()
        ]
        for clock, function in CLOCKS.items():
            resampled = {t: _times(states, function, counts) for t, states in ensembles.items()}
            rows += [
                key
                | {"temperature": t, "quantity": clock}
                | _logarithmic(found, len(ensembles[t]))
                | {"n_samples": len(ensembles[t])}
                for t, found in resampled.items()
            ]
            n_samples = {t: len(states) for t, states in ensembles.items()}
            parameters += [key | {"clock": clock} | row for row in _laws(resampled, n_samples)]
    columns = ["n_particles", "temperature", "quantity", "value", "sem", "lower", "upper"]
    frame = pd.DataFrame(rows)[[*columns, "n_samples", "n_undefined"]]
    tables.write_csv(frame.sort_values(columns[:3], kind="stable", ignore_index=True), times)
    columns = ["n_particles", "clock", "law", "parameter", "value", "lower", "upper"]
    columns += ["n_temperatures", "n_undefined", "left_out", "reason"]
    tables.write_csv(pd.DataFrame(parameters, columns=columns), laws)
    storage.write_provenance([times, laws], relaxation, config, code=code)


def _density(states: Sequence[storage.StateFile]) -> dict[str, Any]:
    found = summarise([state.attributes["density"] for state in states])
    ends = {"lower": found.interval.low, "upper": found.interval.high}
    counts = {"n_samples": found.n, "n_undefined": 0}
    return {"value": found.mean, "sem": found.sem} | ends | counts


def _times(
    states: Sequence[storage.StateFile], function: str, counts: pd.DataFrame
) -> NDArray[np.float64]:
    """A relaxation time (1 + R,) of all samples, then of those drawn anew."""
    times = tables.common_times(states)
    curves = np.stack([state[function][0] for state in states])
    return slowing_down.resampled_times(times, curves, counts[list(map(_sample, states))])


def _sample(state: storage.StateFile) -> int:
    return state.attributes["sample"]


def _logarithmic(found: NDArray[np.float64], n_samples: int) -> dict[str, Any]:
    """A positive value, found[0], whose logarithm has the interval of the others'."""
    logarithms = np.log(found)
    interval = bootstrap_interval(logarithms[0], logarithms[1:], n_samples)
    return {
        "value": found[0],
        "sem": standard_error(found[1:], n_samples),
        "lower": math.exp(interval.low),
        "upper": math.exp(interval.high),
        "n_undefined": interval.n_undefined,
    }


def _laws(
    resampled: Mapping[float, NDArray[np.float64]], n_samples: Mapping[float, int]
) -> Iterator[dict[str, Any]]:
    """Parameters of both laws, each through the temperatures that it holds for."""
    for name, highest, smallest, law in (
        ("vogel_fulcher", FULCHER_BELOW, 4, slowing_down.vogel_fulcher),
        ("arrhenius_onset", math.inf, 6, slowing_down.arrhenius_onset),
    ):
        within = {t: found for t, found in resampled.items() if t <= highest}
        known = {t: found for t, found in within.items() if not math.isnan(found[0])}
        left_out = [f"T = {t:g}: F_s stays above 1/e" for t in within.keys() - known.keys()]
        key = {"law": name, "n_temperatures": len(known), "left_out": "; ".join(sorted(left_out))}
        if len(known) < smallest:
            yield key | {"reason": f"fewer than {smallest} temperatures"}
            continue
        found = asdict(law(list(known), np.column_stack(list(known.values()))))
        n_least = min(n_samples[t] for t in known)
        rows = {
            parameter: _logarithmic(values, n_least)
            if parameter == "prefactor"
            else _plain(values, n_least)
            for parameter, values in found.items()
        }
        if math.isnan(found["prefactor"][0]):
            yield key | {"reason": "fit failed"}
        elif "curvature" in rows and not rows["curvature"]["lower"] > 0.0:
            yield key | {"reason": "curvature not significant"}
        else:
            for parameter, row in rows.items():
                yield key | {"parameter": parameter} | row


def _plain(found: NDArray[np.float64], n_samples: int) -> dict[str, Any]:
    """A value, found[0], with the interval of the others."""
    interval = bootstrap_interval(found[0], found[1:], n_samples)
    ends = {"lower": interval.low, "upper": interval.high}
    return {"value": found[0]} | ends | {"n_undefined": interval.n_undefined}
