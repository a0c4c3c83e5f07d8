"""Every statement comes out all three ways, on made-up tables of which the truth is known."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from made_up import TEMPERATURES, changed, letter_like, shifted, thinned

from softmodes.analysis import gamma_c
from softmodes.report.evidence import Tables
from softmodes.report.letter import LETTER, MIXTURE, OWN, is_letters
from softmodes.report.verdicts import AGREES, DIFFERS, TOO_SMALL, Finding


@pytest.fixture(scope="module")
def agreeing() -> Tables:
    return letter_like()


def judged(tables: Tables) -> dict[str, Finding]:
    return {statement.name: statement.judge(tables) for statement in LETTER + OWN}


def verdicts(tables: Tables) -> dict[str, str]:
    return {name: found.verdict for name, found in judged(tables).items()}


def verdict(name: str, tables: Tables) -> str:
    (statement,) = [statement for statement in LETTER + OWN if statement.name == name]
    return statement.judge(tables).verdict


def cold(temperature):
    return temperature == 0.38


def hot(temperature):
    return temperature == 1.0


def plateau(gamma):
    return (gamma > 0) & (gamma <= 0.01)


def small(gamma):
    return gamma == 1e-4


def overlap(quantity: str, by: float, scatter: float, **where) -> Callable[[Tables], Tables]:
    return lambda tables: shifted(
        tables, "overlap_vs_temperature", "overlap", by, scatter, quantity=quantity, **where
    )


def strain(quantity: str, by: float, scatter: float, **where) -> Callable[[Tables], Tables]:
    return lambda tables: shifted(
        tables, "overlap_vs_gamma", "overlap", by, scatter, quantity=quantity, **where
    )


def energy(column: str, by: float, scatter: float, **where) -> Callable[[Tables], Tables]:
    return lambda tables: shifted(tables, "energy_stress", column, by, scatter, **where)


def trend(estimator: str, what: str, value: float, half: float) -> Callable[[Tables], Tables]:
    def change(tables: Tables) -> Tables:
        frame = tables.gamma_c_trends.copy()
        rows = (frame["estimator"] == estimator) & (frame["what"] == what)
        frame.loc[rows, ["value", "lower", "upper"]] = [value, value - half, value + half]
        return changed(tables, gamma_c_trends=frame)

    return change


def scan(quantity: str, slope: float, scatter: float, gamma: float = 1e-4):
    """Overlaps that go with ln N_m."""

    def change(tables: Tables) -> Tables:
        frame = tables.overlap_vs_modes.copy()
        rows = (frame["quantity"] == quantity) & (frame["gamma"] == gamma)
        sign = np.where(frame.loc[rows, "sample"] % 2, 1, -1)
        decades = np.log(frame.loc[rows, "mode_fraction"] / 0.001)
        frame.loc[rows, "overlap"] = 0.3 + (slope + scatter * sign) * decades
        return changed(tables, overlap_vs_modes=frame)

    return change


def plateau_slope(slope: float, scatter: float) -> Callable[[Tables], Tables]:
    """O_DW,p that goes with log γ on the plateau."""

    def change(tables: Tables) -> Tables:
        frame = tables.overlap_vs_gamma.copy()
        rows = (frame["quantity"] == "DW_p") & plateau(frame["gamma"])
        sign = np.where(frame.loc[rows, "sample"] % 2, 1, -1)
        frame.loc[rows, "overlap"] += (slope + scatter * sign) * np.log10(
            frame.loc[rows, "gamma"] / 1e-3
        )
        return changed(tables, overlap_vs_gamma=frame)

    return change


def own_strains(factor: float, scatter: float) -> Callable[[Tables], Tables]:
    def change(tables: Tables) -> Tables:
        frame = tables.gamma_c.copy()
        rows = (frame["estimator"] == "overlap_drop") & (frame["what"] == "sample")
        sample = frame.loc[rows, "sample"].to_numpy(int)
        frame.loc[rows, "value"] = 0.071 + factor * 0.024 * np.where(sample == 0, scatter, 1.0)
        return changed(tables, gamma_c=frame)

    return change


def states(by: float, scatter: float, **where) -> Callable[[Tables], Tables]:
    return lambda tables: shifted(tables, "state_points", "quadrupole", by, scatter, **where)


def scan_curve(peak: float, scatter: float) -> Callable[[Tables], Tables]:
    """O_DW,p with its maximum at a fraction of the modes, rising up to 1%."""

    def change(tables: Tables) -> Tables:
        frame = tables.overlap_vs_modes.copy()
        rows = (frame["quantity"] == "DW_p") & (frame["gamma"] == 1e-4)
        sign = np.where(frame.loc[rows, "sample"] % 2, 1, -1)
        centre = np.log(peak) + scatter * sign
        distance = np.log(frame.loc[rows, "mode_fraction"]) - centre
        frame.loc[rows, "overlap"] = 0.4 - 0.02 * distance**2
        return changed(tables, overlap_vs_modes=frame)

    return change


def unequilibrated(tables: Tables) -> Tables:
    frame = tables.state_points.copy()
    frame.loc[cold(frame["temperature"]), "equilibrated"] = False
    return changed(tables, state_points=frame)


def failed_check(tables: Tables) -> Tables:
    return changed(tables, checks=tables.checks.assign(passed=tables.checks.index > 0))


DIFFERING = [
    ("plateau", plateau_slope(-0.05, 0.001)),
    ("plateau_rises_on_cooling", strain("DW_p", -0.5, 0.0, temperature=cold, gamma=plateau)),
    ("drop", strain("DW_p", -0.3, 0.0, temperature=cold, gamma=plateau)),
    ("critical_strain", trend("overlap_drop", "mean", 0.1, 0.005)),
    ("critical_strain_scatter", own_strains(3.0, 1.1)),
    ("critical_strain_scatter", own_strains(0.3, 1.1)),
    ("independent_of_temperature", trend("overlap_drop", "change_with_temperature", 0.05, 0.02)),
    ("independent_of_size", trend("overlap_drop", "change_with_size", -0.05, 0.02)),
    ("stress", trend("stress_maximum", "log_ratio", 1.5, 0.3)),
    ("stress", energy("shear_stress", 0.6, 0.0, temperature=cold, gamma=lambda g: g == 1.0)),
    ("energy", trend("energy_onset", "log_ratio", -1.5, 0.3)),
    ("energy", energy("normalised_energy", -0.1, 0.001, temperature=cold, gamma=lambda g: g == 1)),
    ("energy", energy("normalised_energy", 0.02, 0.001, temperature=cold, gamma=lambda g: g > 0)),
    ("propensity_pq_pdq", overlap("DP_pdq", 0.2, 0.001)),
    ("propensity_rises_on_cooling", overlap("DP_pq", -0.3, 0.0, temperature=cold)),
    ("levels_off", overlap("DW_pq", 0.2, 0.001, temperature=cold)),
    ("displacement_overlap", overlap("DW_d", -0.3, 0.001, temperature=cold)),
    ("displacement_overlap", overlap("DW_lin", 0.4, 0.001, temperature=cold)),
    ("mobilities_agree", overlap("DW_DP", -0.5, 0.001)),
    ("grows_with_modes", scan("DW_p", -0.02, 0.001)),
    ("grows_with_modes", scan_curve(0.025, 0.1)),
    ("falls_with_modes", scan("d_p", 0.02, 0.001)),
    ("falls_with_modes", scan("lin_p", 0.02, 0.001)),
    ("grows_with_modes_near_critical_strain", scan("d_p", -0.02, 0.001, gamma=0.08)),
    ("modes_persist", strain("pq_pdq", -0.5, 0.01, temperature=cold, gamma=plateau)),
    ("modes_persist", strain("pq_pdq", 0.4, 0.01, temperature=hot, gamma=plateau)),
    ("quadrupolar", states(-0.4, 0.01, temperature=cold)),
    ("quadrupolar", states(0.4, 0.01, temperature=hot)),
    ("beyond_composition", overlap("DW_equal_size", 0.4, 0.001)),
    ("beyond_composition", overlap("DW_pq", -0.4, 0.001)),
    ("harmonic_prediction", overlap("DW_small", 0.5, 0.001)),
    ("equilibrated", unequilibrated),
    ("checks", failed_check),
]

UNTOLD = [
    ("plateau", plateau_slope(0.0, 0.03)),
    ("plateau_rises_on_cooling", strain("DW_p", 0.0, 0.5, temperature=cold, gamma=plateau)),
    ("drop", strain("DW_p", 0.0, 0.5, temperature=cold, gamma=plateau)),
    ("critical_strain", trend("overlap_drop", "mean", 0.08, 0.02)),
    ("critical_strain_scatter", own_strains(1.0, 4.0)),
    ("independent_of_temperature", trend("overlap_drop", "change_with_temperature", 0.0, 0.04)),
    ("independent_of_size", trend("overlap_drop", "change_with_size", 0.02, 0.03)),
    ("stress", trend("stress_maximum", "log_ratio", 0.6, 0.3)),
    ("stress", energy("shear_stress", 0.2, 0.2, temperature=cold, gamma=lambda g: g == 1.0)),
    ("energy", trend("energy_onset", "log_ratio", -0.6, 0.3)),
    ("energy", energy("normalised_energy", 0.0, 0.1, temperature=cold, gamma=lambda g: g == 1)),
    ("propensity_pq_pdq", overlap("DP_pdq", 0.05, 0.05)),
    ("propensity_rises_on_cooling", overlap("DP_pq", 0.0, 0.4, temperature=cold)),
    ("levels_off", overlap("DW_pq", 0.0, 0.2, temperature=cold)),
    ("displacement_overlap", overlap("DW_d", 0.0, 0.4, temperature=cold)),
    ("mobilities_agree", overlap("DW_DP", 0.0, 0.5)),
    ("grows_with_modes", scan("DW_p", 0.01, 0.02)),
    ("grows_with_modes", scan_curve(0.015, 1.0)),
    ("falls_with_modes", scan("d_p", -0.01, 0.02)),
    ("grows_with_modes_near_critical_strain", scan("d_p", 0.01, 0.02, gamma=0.08)),
    ("modes_persist", strain("pq_pdq", -0.2, 0.4, temperature=cold, gamma=plateau)),
    ("quadrupolar", states(0.0, 0.4, temperature=cold)),
    ("beyond_composition", overlap("DW_equal_size", 0.1, 0.3)),
    ("harmonic_prediction", overlap("DW_small", 0.2, 0.4)),
]


def test_a_study_like_the_letter_agrees_throughout(agreeing):
    assert set(verdicts(agreeing).values()) == {AGREES}
    assert len(LETTER) == 19


@pytest.mark.parametrize(("name", "change"), DIFFERING)
def test_a_study_that_shows_otherwise_differs(agreeing, name, change):
    assert verdict(name, change(agreeing)) == DIFFERS


@pytest.mark.parametrize(("name", "change"), UNTOLD)
def test_a_study_that_scatters_cannot_tell(agreeing, name, change):
    assert verdict(name, change(agreeing)) == TOO_SMALL


def test_each_statement_was_seen_to_differ_and_to_be_untold():
    names = [statement.name for statement in LETTER]
    assert {name for name, _ in DIFFERING} >= set(names)
    assert {name for name, _ in UNTOLD} >= set(names)
    assert len(set(names)) == len(names)


def test_one_size_that_disagrees_decides(agreeing):
    other = overlap("DW_pq", -0.4, 0.0, n_particles=4000)(agreeing)
    assert verdict("beyond_composition", other) == DIFFERS


def test_each_size_is_judged_at_its_own_lowest_temperature(agreeing):
    """The larger systems were not equilibrated at the two lowest."""
    names = ["overlap_vs_gamma", "overlap_vs_temperature", "overlap_vs_modes", "energy_stress"]
    names += ["gamma_c", "state_points", "checks"]
    cold, warmer = TEMPERATURES[:2], TEMPERATURES[2]
    fewer = {}
    for name in names:
        frame = getattr(agreeing, name)
        lacking = (frame["n_particles"] == 4000) & frame["temperature"].isin(cold)
        fewer[name] = frame[~lacking]
    found = judged(changed(agreeing, **fewer))
    assert {one.verdict for one in found.values()} == {AGREES}
    for name in ("plateau", "stress", "energy", "grows_with_modes", "quadrupolar", "modes_persist"):
        told = " ".join(seen.what for seen in found[name].observations)
        assert f"N = 4000, T = {warmer:g}" in told or f"T = {warmer:g} less" in told, name
        assert f"N = 1000, T = {cold[0]:g}" in told, name
    assert len(found["drop"].observations) < len(judged(agreeing)["drop"].observations)


def test_one_sample_can_tell_nothing_of_differences():
    told = verdicts(letter_like(sizes=(1000,), samples=1))
    assert {name for name, verdict in told.items() if verdict != TOO_SMALL} == {
        "equilibrated",
        "checks",
    }


def test_one_size_and_warm_temperatures_cannot_tell():
    found = judged(letter_like(sizes=(1000,), temperatures=(0.7, 1.0)))
    for name in ("independent_of_size", "levels_off", "drop"):
        assert found[name].verdict == TOO_SMALL
        assert found[name].remark


def test_only_changed_basins_count_for_neighbouring_minima(agreeing):
    """One compared with itself would agree anyway."""
    still = changed(
        agreeing,
        energy_stress=agreeing.energy_stress.assign(switched=False),
        state_points=agreeing.state_points.assign(switched=False),
    )
    found = judged(still)
    assert found["modes_persist"].verdict == TOO_SMALL
    assert "none of 6 samples" in found["modes_persist"].remark
    alike = found["propensity_pq_pdq"]
    assert alike.verdict == TOO_SMALL
    assert [seen.n_samples for seen in alike.observations] == [6, 0]
    assert "none of the 60 configurations" in alike.remark


def test_what_is_left_out_of_a_trend_is_said(agreeing):
    frame = agreeing.gamma_c_trends.assign(left_out="T = 0.8: change not significant")
    found = judged(changed(agreeing, gamma_c_trends=frame))
    for name in (
        "critical_strain",
        "independent_of_temperature",
        "independent_of_size",
        "stress",
        "energy",
    ):
        by_size = name in ("independent_of_temperature", "stress", "energy")
        for where in (" at N = 1000", " at N = 4000") if by_size else ("",):
            assert f"left out{where}: T = 0.8: change not significant" in found[name].remark


@pytest.mark.parametrize("peak", [0.0005, 0.2])
def test_a_maximum_at_an_end_of_the_scan_is_none(agreeing, peak):
    found = judged(scan_curve(peak, 0.1)(agreeing))["grows_with_modes"]
    tops = [seen for seen in found.observations if "maximum" in seen.what]
    assert [seen.what for seen in tops] == [
        f"N_m of the maximum: none within the scan, N = {size}, T = 0.38" for size in (1000, 4000)
    ]
    assert {seen.verdict for seen in tops} == {TOO_SMALL}


@pytest.mark.parametrize(
    ("largest", "smallest"), [(0.0009, 0.0), (1.0, 0.02)], ids=["few modes", "many modes"]
)
def test_without_a_fraction_of_modes_nothing_is_told_of_its_slope(agreeing, largest, smallest):
    frame = agreeing.overlap_vs_modes
    some = frame[frame["mode_fraction"].between(smallest, largest)]
    found = judged(changed(agreeing, overlap_vs_modes=some))["grows_with_modes"]
    assert found.verdict == TOO_SMALL
    assert not any("nan" in seen.what for seen in found.observations)


@pytest.mark.parametrize("largest", [0.06, 0.12, 0.2])
def test_strains_that_end_before_the_floor_tell_nothing_of_what_comes_later(agreeing, largest):
    frame = agreeing.energy_stress
    early = changed(agreeing, energy_stress=frame[frame["gamma"] <= largest])
    assert verdict("stress", early) == TOO_SMALL
    assert verdict("energy", early) == TOO_SMALL


def test_the_lowest_modes_do_not_enter(agreeing):
    """A fraction of 0.05% is one or two modes, all noise."""
    frame = agreeing.overlap_vs_modes.copy()
    frame.loc[frame["mode_fraction"] < 0.001, "overlap"] = math.pi
    assert verdicts(changed(agreeing, overlap_vs_modes=frame)) == verdicts(agreeing)


def test_a_flat_curve_levels_off_by_all_sizes_together():
    """Neither size alone could tell; noise and weights of the two are alike."""
    sizes = (3600, 4000)
    tables = letter_like(sizes=sizes, noise=0.012)
    frame = tables.overlap_vs_temperature
    alone = [
        verdict(
            "levels_off",
            changed(
                tables,
                overlap_vs_temperature=frame[frame["n_particles"] == size],
                state_points=tables.state_points[tables.state_points["n_particles"] == size],
            ),
        )
        for size in sizes
    ]
    assert (*alone, verdict("levels_off", tables)) == (TOO_SMALL, TOO_SMALL, AGREES)


ON_COOLING = {1000: (20, 20, 20, 20, 10), 4000: (20, 15, 10, 4, 4)}
"""Samples at the temperatures of `made_up`, from the highest on."""


@pytest.fixture(scope="module")
def thinning() -> Tables:
    """A study of which few samples come to low temperatures, its trends had from its curves."""
    numbers = {
        (size, t): number
        for size, of_size in ON_COOLING.items()
        for t, number in zip(sorted(TEMPERATURES, reverse=True), of_size, strict=True)
    }
    tables = thinned(letter_like(samples=20), numbers)
    found = gamma_c.estimates(tables.overlap_vs_gamma, tables.energy_stress, tables.seed)
    return changed(tables, gamma_c=gamma_c.table(found), gamma_c_trends=gamma_c.trends(found))


@pytest.mark.filterwarnings("error")
def test_statements_are_judged_where_few_samples_come_to_low_temperatures(thinning):
    found = judged(thinning)
    # at T = 1 hardly anything drops: the scatter is that of noise
    assert {name for name, one in found.items() if one.verdict != AGREES} <= {
        "critical_strain_scatter"
    }
    assert "N = 4000: 4 to 20 samples of a temperature" in found["levels_off"].remark
    for name in ("critical_strain", "independent_of_size", "levels_off", "propensity_pq_pdq"):
        assert found[name].observations[0].n_samples == 20
    assert [one.n_samples for one in found["quadrupolar"].observations] == [10, 10, 4, 4]


def test_means_over_temperatures_do_not_depend_on_how_many_samples_come_there(thinning):
    """Samples that stop early know the high temperatures alone."""
    tables = overlap("DP_pdq", 0.1, 0.0, temperature=hot)(thinning)
    seen = judged(tables)["propensity_pq_pdq"].observations[0]
    # a fifth of the temperatures
    assert seen.value == pytest.approx(-0.02, abs=0.002)
    assert seen.high - seen.low < 0.01


def test_a_state_point_of_one_sample_has_no_error_and_is_left_out(agreeing):
    numbers = dict.fromkeys(itertools.product((1000, 4000), TEMPERATURES), 6)
    lone = thinned(agreeing, numbers | {(4000, 0.38): 1})
    found = judged(lone)["propensity_pq_pdq"]
    assert "left out: N = 4000, T = 0.38: one sample" in found.remark
    whole = judged(thinned(agreeing, numbers | {(4000, 0.38): 2}))["propensity_pq_pdq"]
    assert "left out" not in whole.remark
    assert found.observations[0].high - found.observations[0].low < 0.01


def test_rates_of_rise_are_those_of_lines_through_means(thinning):
    """Against a fit through the means over samples of each temperature."""
    frame = thinning.overlap_vs_temperature
    rows = frame[(frame["quantity"] == "DW_pq") & (frame["n_particles"] == 4000)]
    means = rows.groupby("temperature")["overlap"].mean()
    warm, cold = (np.polyfit(some.index, some, 1)[0] for some in (means[0.5:], means[:0.43]))
    one = thinning.state_points["n_particles"] == 4000
    alone = changed(thinning, state_points=thinning.state_points[one])
    (seen,) = judged(alone)["levels_off"].observations
    assert seen.value == pytest.approx(cold - 0.5 * warm)


def test_the_letters_mixture_is_known_by_its_particles():
    assert is_letters(MIXTURE | {"cutoff": 4.5, "smoothed": False})
    assert not is_letters(MIXTURE | {"sigma_mixed": 1.15})
    assert not is_letters(MIXTURE | {"exponent": 10})
