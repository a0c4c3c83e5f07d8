"""Whether samples of one N and T are equilibrated: they ran long enough, and nothing drifts.

found = stationarity(samples, lags)         # of one N and T
judged(all_found, ...)                      # all N and T of a study, one family of tests
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from softmodes.analysis import statistics
from softmodes.analysis.relaxation import relaxation_time, value_at

CHANGES = {
    "inherent_energy_drift": "e_IS drifts by {} per τ",
    "pressure_drift": "P drifts by {} per τ",
    "inherent_energy_halves": "e_IS of the halves differs by {}",
    "pressure_halves": "P of the halves differs by {}",
    "scattering_halves": "F_s of the halves at τ_e differs by {}",
}
"""What of `Stationarity` vanishes in the mean over samples in equilibrium, and what is said of one
that does not."""


@dataclass(frozen=True)
class Record:
    """What is kept of a sample's constant-volume stage.

    Attributes:
        duration: of the stage, in τ.
        time: (E,), of the series, in τ.
        inherent_energy, pressure: (E,), per particle in ε, and in ε/σ11².
        scattering, cage_relative_scattering: (K,), F_s of all particles, plain and cage-relative.
        scattering_halves: (2, K), F_s of the first and of the second half of the stage.
    """

    duration: float
    time: NDArray[np.float64]
    inherent_energy: NDArray[np.float64]
    pressure: NDArray[np.float64]
    scattering: NDArray[np.float64]
    cage_relative_scattering: NDArray[np.float64]
    scattering_halves: NDArray[np.float64]


@dataclass(frozen=True)
class Stationarity:
    """How long a sample's constant-volume stage lasted, and what changed meanwhile.

    Attributes:
        relaxation_times, cage_relative_times: duration over the two times below.
        inherent_energy_drift, pressure_drift: slopes per τ over the second half.
        inherent_energy_halves, pressure_halves: mean of the second half less that of the first.
        relaxation_time, cage_relative_relaxation_time: in τ, of F_s averaged over the samples of
            this N and T; NaN where it stays above 1/e, as all that is derived from it.
        sample_relaxation_time: in τ, of the sample's own F_s.
        scattering_halves: F_s at the relaxation time, second half less first.
    """

    relaxation_times: float
    cage_relative_times: float
    inherent_energy_drift: float
    pressure_drift: float
    inherent_energy_halves: float
    pressure_halves: float
    relaxation_time: float
    cage_relative_relaxation_time: float
    sample_relaxation_time: float
    scattering_halves: float


@dataclass(frozen=True)
class Judgement:
    """Whether an N and T is equilibrated, and why not, or what was not tested; empty if neither."""

    equilibrated: bool
    unequilibrated_because: str


def stationarity(samples: Sequence[Record], lags: ArrayLike) -> list[Stationarity]:
    """Of each sample of one N and T.

    Args:
        samples: one or more.
        lags: (K,), in τ, of their F_s.

    Raises:
        InputError: as `statistics.drift` and `relaxation.relaxation_time` do.
    """
    plain = relaxation_time(lags, [sample.scattering for sample in samples])
    cage_relative = relaxation_time(lags, [sample.cage_relative_scattering for sample in samples])

    def of(sample: Record) -> Stationarity:
        time, energy, pressure = sample.time, sample.inherent_energy, sample.pressure
        first, second = (value_at(lags, half, plain) for half in sample.scattering_halves)
        return Stationarity(
            relaxation_times=sample.duration / plain,
            cage_relative_times=sample.duration / cage_relative,
            inherent_energy_drift=statistics.drift(time, energy),
            pressure_drift=statistics.drift(time, pressure),
            inherent_energy_halves=statistics.difference_of_halves(time, energy),
            pressure_halves=statistics.difference_of_halves(time, pressure),
            relaxation_time=plain,
            cage_relative_relaxation_time=cage_relative,
            sample_relaxation_time=relaxation_time(lags, sample.scattering),
            scattering_halves=second - first,
        )

    return [of(sample) for sample in samples]


def judged(
    study: Sequence[Sequence[Stationarity]],
    *,
    minimum_relaxation_times: float,
    minimum_cage_relative_times: float,
) -> list[Judgement]:
    """Which N and T of a study are equilibrated, each from all its samples, and why others are not.

    One is equilibrated where every sample lasted both minima and, in the mean over samples, none of
    `CHANGES` differs from zero: Student's t, all tests of the study being one family
    (`statistics.familywise_level`). One sample alone is judged by its times.

    Args:
        study: of each N and T, its samples.
        minimum_relaxation_times, minimum_cage_relative_times: in τ_e and in cage-relative
            relaxation times.
    """
    p_values = [
        [statistics.mean_p_value(_column(samples, name)) for name in CHANGES] for samples in study
    ]
    level = statistics.familywise_level(p_values)
    clocks = (
        ("relaxation_times", minimum_relaxation_times, "τ_e", "F_s"),
        (
            "cage_relative_times",
            minimum_cage_relative_times,
            "cage-relative relaxation times",
            "cage-relative F_s",
        ),
    )
    found = []
    for samples, of_changes in zip(study, p_values, strict=True):
        reasons = []
        for name, minimum, unit, curve in clocks:
            lasted = _column(samples, name).min()
            if math.isnan(lasted):
                reasons.append(f"{curve} stays above 1/e")
            elif lasted < minimum:
                reasons.append(f"{lasted:.3g} {unit} of {minimum:g}")
        for (name, sentence), p_value in zip(CHANGES.items(), of_changes, strict=True):
            if p_value <= level:
                mean = statistics.summarise(_column(samples, name))
                reasons.append(sentence.format(f"{mean.mean:.2g} ± {mean.sem:.1g}"))
        equilibrated = not reasons
        if len(samples) < 2:
            reasons.append("one sample, drifts and halves untested")
        found.append(Judgement(equilibrated, "; ".join(reasons)))
    return found


def _column(samples: Sequence[Stationarity], name: str) -> NDArray[np.float64]:
    return np.array([getattr(sample, name) for sample in samples])
