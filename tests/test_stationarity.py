"""What counts as equilibrated: made-up samples of which the right judgement is known."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from softmodes.analysis.stationarity import (
    CHANGES,
    Judgement,
    Record,
    Stationarity,
    judged,
    stationarity,
)

LONG = Stationarity(**{field.name: math.nan for field in fields(Stationarity)})
LONG = replace(LONG, relaxation_times=30.0, cage_relative_times=6.0)


def states(
    n_points: int = 1, n_samples: int = 6, seed: int = 0, **shifts: float
) -> list[list[Stationarity]]:
    """Samples of n_points temperatures whose changes are standard normal, shifted."""
    draws = np.random.default_rng(seed).standard_normal((n_points, n_samples, len(CHANGES)))
    return [
        [
            replace(
                LONG,
                **{
                    name: value + shifts.get(name, 0.0)
                    for name, value in zip(CHANGES, values, strict=True)
                },
            )
            for values in samples
        ]
        for samples in draws
    ]


def judgements(study, minimum: float = 20.0) -> list[Judgement]:
    return judged(study, minimum_relaxation_times=minimum, minimum_cage_relative_times=5.0)


def changed(samples, **changes: float) -> list[Stationarity]:
    return [replace(sample, **changes) for sample in samples]


def test_steady_samples_that_ran_long_are_equilibrated():
    assert judgements(states()) == [Judgement(True, "")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"relaxation_times": 12.34}, "12.3 τ_e of 20"),
        ({"cage_relative_times": 3.0}, "3 cage-relative relaxation times of 5"),
        ({"relaxation_times": math.nan}, "F_s stays above 1/e"),
        ({"cage_relative_times": math.nan}, "cage-relative F_s stays above 1/e"),
        (
            {"relaxation_times": 1.0, "cage_relative_times": 1.0},
            "1 τ_e of 20; 1 cage-relative relaxation times of 5",
        ),
    ],
)
def test_each_clock_alone_makes_a_state_point_unequilibrated(changes, reason):
    (samples,) = states()
    assert judgements([changed(samples, **changes)]) == [Judgement(False, reason)]


def test_the_shortest_sample_counts():
    (samples,) = states()
    samples[3:4] = changed(samples[3:4], relaxation_times=7.0)
    assert judgements([samples]) == [Judgement(False, "7 τ_e of 20")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("inherent_energy_drift", "e_IS drifts by -"),
        ("pressure_drift", "P drifts by -"),
        ("inherent_energy_halves", "e_IS of the halves differs by -"),
        ("pressure_halves", "P of the halves differs by -"),
        ("scattering_halves", "F_s of the halves at τ_e differs by -"),
    ],
)
def test_each_change_in_the_mean_over_samples_is_told(name, reason):
    study = states(n_points=12)
    assert all(one.equilibrated for one in judgements(study))
    study[0] = [replace(one, **{name: getattr(one, name) - 8.0}) for one in study[0]]
    found = judgements(study)
    assert [one.equilibrated for one in found] == [False] + [True] * 11
    values = np.array([getattr(one, name) for one in study[0]])
    error = values.std(ddof=1) / math.sqrt(len(values))
    told = f"{reason}{-values.mean():.2g} ± {error:.1g}"
    assert found[0].unequilibrated_because.removesuffix(" per τ") == told


def test_one_sample_is_judged_by_its_times_alone():
    untested = "one sample, drifts and halves untested"
    single = states(n_samples=1, inherent_energy_halves=-100.0)
    assert judgements(single) == [Judgement(True, untested)]
    assert judgements(single, 40.0) == [Judgement(False, f"30 τ_e of 40; {untested}")]


def test_a_whole_study_alarms_falsely_once_in_twenty():
    alarms = [
        not all(one.equilibrated for one in judgements(states(24, 6, seed))) for seed in range(200)
    ]
    # 10 expected; more than 17 once in a hundred
    assert sum(alarms) <= 17


def test_times_and_changes_of_samples_that_relax_and_drift():
    lags, time = np.geomspace(0.01, 100, 400), np.arange(12.0)
    clocks = (4.0, 6.0)
    samples = [
        Record(
            duration=60.0,
            time=time,
            inherent_energy=2.0 + 0.1 * clock * time,
            pressure=13.5 - 0.2 * clock * time,
            scattering=np.exp(-lags / clock),
            cage_relative_scattering=np.exp(-lags / (3 * clock)),
            scattering_halves=np.exp(-lags / np.array([[clock], [2 * clock]])),
        )
        for clock in clocks
    ]
    found = stationarity(samples, lags)
    # where (exp(-t/4) + exp(-t/6))/2 = 1/e, by bisection
    low, high = clocks
    for _ in range(60):
        middle = (low + high) / 2
        above = np.mean([math.exp(-middle / clock) for clock in clocks]) > math.exp(-1)
        low, high = (middle, high) if above else (low, middle)
    for clock, one in zip(clocks, found, strict=True):
        assert one.relaxation_time == pytest.approx(low, rel=1e-3)
        assert one.cage_relative_relaxation_time == pytest.approx(3 * low, rel=1e-3)
        assert one.sample_relaxation_time == pytest.approx(clock, rel=1e-3)
        assert one.relaxation_times == pytest.approx(60 / low, rel=1e-3)
        assert one.cage_relative_times == pytest.approx(20 / low, rel=1e-3)
        assert one.inherent_energy_drift == pytest.approx(0.1 * clock)
        assert one.pressure_drift == pytest.approx(-0.2 * clock)
        # the halves' middles lie 6 τ apart
        assert one.inherent_energy_halves == pytest.approx(0.6 * clock)
        assert one.pressure_halves == pytest.approx(-1.2 * clock)
        expected = math.exp(-low / (2 * clock)) - math.exp(-low / clock)
        assert one.scattering_halves == pytest.approx(expected, rel=1e-2)


def test_what_never_relaxes_has_no_times():
    lags, flat = np.geomspace(0.1, 100, 40), np.full(40, 0.9)
    series = np.arange(12.0)
    halves = np.stack([flat, flat])
    (found,) = stationarity([Record(60.0, series, series, series, flat, flat, halves)], lags)
    assert found.inherent_energy_drift == pytest.approx(1.0)
    for name in ("relaxation_times", "cage_relative_times", "relaxation_time", "scattering_halves"):
        assert math.isnan(getattr(found, name)), name
