"""Every statement beyond the Letter comes out all three ways, on made-up tables of known truth."""

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd
import pytest
from made_up import AMPLITUDES, CYCLED, CYCLES, DISTANCES, beyond_like, changed, shifted

from softmodes.report import beyond
from softmodes.report.beyond import BEYOND, BeyondTables
from softmodes.report.verdicts import AGREES, DIFFERS, TOO_SMALL, Finding

Change = Callable[[BeyondTables], BeyondTables]


@pytest.fixture(scope="module")
def agreeing() -> BeyondTables:
    return beyond_like()


def judged(tables: BeyondTables) -> dict[str, Finding]:
    return {found.name: found for found in beyond.judged(tables)}


def verdict(name: str, tables: BeyondTables) -> str:
    return judged(tables)[name].verdict


def seen(observable: str, by: float, scatter: float, **where: object) -> Change:
    return lambda tables: shifted(
        tables, "landscape", "value", by, scatter, observable=observable, **where
    )


def cycles(column: str, by: float, scatter: float, **where: object) -> Change:
    return lambda tables: shifted(tables, "cyclic_shear", column, by, scatter, **where)


def critical(value: float, error: float) -> Change:
    """γ_c with its relative error."""

    def change(tables: BeyondTables) -> BeyondTables:
        ends = {"value": value, "lower": value * (1 - error), "upper": value * (1 + error)}
        return changed(tables, gamma_c_trends=tables.gamma_c_trends.assign(**ends))

    return change


def reversible_up_to(*amplitudes: float) -> Change:
    """The largest amplitudes at which samples come back, sample after sample over again."""

    def change(tables: BeyondTables) -> BeyondTables:
        frame = tables.cyclic_shear
        own = np.array(amplitudes)[frame["sample"] % len(amplitudes)]
        return changed(tables, cyclic_shear=frame.assign(period=1 * (frame["amplitude"] <= own)))

    return change


def irreversible(amplitude: float) -> bool:
    return amplitude > 0.07


DIFFERING = [
    ("modes_persist_within_metabasins", seen("overlap_of_pairs", -0.4, 0.0)),
    ("modes_persist_within_metabasins", seen("overlap_of_pairs", 0.4, 0.0, relation="between")),
    ("metabasin_distance", seen("distance_of_pairs", 0.5, 0.0, relation="between")),
    ("metabasin_distance", critical(0.02, 0.05)),
    ("shear_moves_modes_as_dynamics_does", seen("overlap_by_distance", 0.1, 0.0)),
    ("shear_moves_modes_as_dynamics_does", seen("overlap_by_strain", 0.1, 0.0)),
    ("irreversibility_amplitude", reversible_up_to(0.03)),
    ("irreversibility_amplitude", reversible_up_to(0.0)),
    ("irreversibility_amplitude", reversible_up_to(1.0)),
    ("irreversibility_amplitude", critical(0.12, 0.05)),
    ("modes_change_when_irreversible", cycles("overlap", 0.3, 0.0, amplitude=irreversible)),
]
UNTOLD = [
    ("modes_persist_within_metabasins", seen("overlap_of_pairs", 0.0, 0.5, relation="within")),
    ("metabasin_distance", seen("distance_of_pairs", 0.0, 0.3, relation="between")),
    ("metabasin_distance", critical(0.07, 0.8)),
    ("shear_moves_modes_as_dynamics_does", seen("overlap_by_distance", 0.0, 0.2)),
    ("irreversibility_amplitude", reversible_up_to(0.03, 0.09)),
    ("irreversibility_amplitude", reversible_up_to(0.075)),
    ("irreversibility_amplitude", reversible_up_to(0.065, 0.065, 0.065, 0.065, 0.065, 1.0)),
    ("irreversibility_amplitude", critical(0.07, 0.4)),
    ("modes_change_when_irreversible", cycles("overlap", 0.2, 0.4, amplitude=irreversible)),
]


def test_a_study_as_the_letter_conjectured_agrees_throughout(agreeing):
    found = judged(agreeing)
    assert {one.verdict for one in found.values()} == {AGREES}
    assert list(found) == [statement.name for statement in BEYOND]
    assert [len(one.observations) for one in found.values()] == [2, 1, 1, 2, 2]


@pytest.mark.parametrize(("name", "change"), DIFFERING)
def test_a_study_that_shows_otherwise_differs(agreeing, name, change):
    assert verdict(name, change(agreeing)) == DIFFERS


@pytest.mark.parametrize(("name", "change"), UNTOLD)
def test_a_study_that_scatters_cannot_tell(agreeing, name, change):
    assert verdict(name, change(agreeing)) == TOO_SMALL


def test_each_statement_was_seen_to_differ_and_to_be_untold():
    names = {statement.name for statement in BEYOND}
    assert {name for name, _ in DIFFERING} == {name for name, _ in UNTOLD} == names
    assert len(names) == len(BEYOND) == 5


def test_one_sample_can_tell_nothing():
    found = judged(beyond_like(samples=1))
    assert {one.verdict for one in found.values()} == {TOO_SMALL}
    assert len(found) == 5


def test_statements_without_a_table_are_left_out(agreeing):
    names = [statement.name for statement in BEYOND]
    assert list(judged(changed(agreeing, cyclic_shear=None))) == names[:3]
    assert list(judged(changed(agreeing, landscape=None))) == names[3:]
    assert judged(changed(agreeing, landscape=None, cyclic_shear=None)) == {}


def test_without_a_critical_strain_nothing_is_compared_with_it(agreeing):
    unknown = changed(agreeing, gamma_c_trends=agreeing.gamma_c_trends.assign(value=math.nan))
    found = judged(unknown)
    untold = {name for name, one in found.items() if one.verdict == TOO_SMALL}
    assert untold == {"metabasin_distance", "irreversibility_amplitude"}
    assert all("γ_c not defined" in seen.what for seen in found["metabasin_distance"].observations)


def test_sizes_and_temperatures_are_those_of_the_criteria(agreeing):
    """What is at others does not enter."""
    frame = agreeing.landscape
    small = (frame["n_particles"] == 200) & (frame["temperature"] == 0.4)
    pairs = frame["observable"].str.endswith("_of_pairs")
    others = frame.assign(value=frame["value"].where(small | ~pairs, 7.0))
    told = judged(changed(agreeing, landscape=others))
    assert told["modes_persist_within_metabasins"].verdict == AGREES
    assert "N = 200, T = 0.4" in told["modes_persist_within_metabasins"].observations[0].what
    large = (frame["n_particles"] == 2000) & (frame["temperature"] == 0.4)
    along = frame["observable"] == "overlap_by_distance"
    others = frame.assign(value=frame["value"].where(large | ~along, 7.0))
    told = judged(changed(agreeing, landscape=others))
    assert told["shear_moves_modes_as_dynamics_does"].verdict == AGREES


def test_the_main_number_of_modes_is_the_first(agreeing):
    """Also where it is not the smallest, or one of its values could not be had."""
    frame = agreeing.landscape.copy()
    first, other = frame["mode_fraction"] == 0.025, frame["mode_fraction"] == 0.05
    frame.loc[first, "mode_fraction"] = 0.1
    found = beyond.observed(frame, "overlap_of_pairs", "within")
    assert set(found["mode_fraction"]) == {0.1}
    assert len(found) == 18
    rows = frame["observable"] == "overlap_of_pairs"
    frame.loc[rows & first & (frame["sample"] < 5), "value"] = math.nan
    found = beyond.observed(frame, "overlap_of_pairs", "within")
    assert set(found["mode_fraction"]) == {0.1}
    assert set(found["sample"]) == {5}
    assert not found.index.isin(frame.index[other]).any()


def test_distances_between_metabasins_are_set_against_that_at_the_critical_strain(agreeing):
    """0.5 against 5 γ_c, whose 10 % enter beside the scatter of the samples."""
    given = critical(0.05, 0.1)(seen("distance_of_pairs", 0.15, 0.0, relation="between")(agreeing))
    (found,) = judged(given)["metabasin_distance"].observations
    assert found.value == pytest.approx(math.log(0.5 / 0.25), abs=0.01)
    assert found.fixed == pytest.approx(0.5 * math.log(1.1 / 0.9), rel=0.05)
    assert found.high - found.value == pytest.approx(found.fixed, rel=0.05)


def test_equal_distances_are_compared_sample_by_sample(agreeing):
    """Against a loop over samples and bins; a sample without shear drops out and is told."""
    frame = agreeing.landscape
    strained = frame["observable"].isin(["overlap_by_strain", "distance_by_strain"])
    given = changed(agreeing, landscape=frame[~strained | (frame["sample"] != 2)])
    told = judged(given)["shear_moves_modes_as_dynamics_does"]
    rows = frame[(frame["n_particles"] == 2000) & (frame["temperature"] == 0.4)]
    rows = rows[rows["mode_fraction"] != 0.05]

    def value(observable, sample, x):
        one = (rows["observable"] == observable) & (rows["sample"] == sample) & (rows["x"] == x)
        return rows.loc[one, "value"].item()

    means = []
    for sample in (0, 1, 3, 4, 5):
        strains = np.unique(rows.loc[rows["observable"] == "overlap_by_strain", "x"])
        distances = [value("distance_by_strain", sample, gamma) for gamma in strains]
        overlaps = [value("overlap_by_strain", sample, gamma) for gamma in strains]
        differences = []
        for centre in DISTANCES[DISTANCES > 0.01]:
            if distances[0] <= centre <= distances[-1]:
                after = np.searchsorted(distances, centre)
                low, high = distances[after - 1], distances[after]
                part = math.log(centre / low) / math.log(high / low)
                there = (1 - part) * overlaps[after - 1] + part * overlaps[after]
                differences.append(value("overlap_by_distance", sample, centre) - there)
        means.append(np.mean(differences))
    (found,) = told.observations
    assert found.value == pytest.approx(np.mean(means))
    assert found.n_samples == 5
    assert told.remark == "1 of 6 samples have no distance in common"


def test_values_at_a_strain_are_those_of_power_laws():
    gamma = np.array([1e-3, 1e-2, 0.1])
    curves = pd.DataFrame([3 * gamma**0.5, 2 * gamma**1.5], columns=gamma).T.T
    curves.loc[2] = [math.nan, 0.01, 1.0]
    found = beyond.at_strain(curves, 0.03)
    assert found.tolist() == pytest.approx(
        [3 * 0.03**0.5, 2 * 0.03**1.5, 0.01 * 100 ** math.log10(3)]
    )
    assert beyond.at_strain(curves, 0.2).isna().all()
    assert beyond.at_strain(curves, 5e-3).isna().tolist() == [False, False, True]


def test_runs_that_came_back_are_known_by_the_cycles_that_they_repeat(agreeing):
    runs = beyond.steady(agreeing.cyclic_shear)
    assert len(runs) == len(CYCLED) * 6 * len(AMPLITUDES)
    back = runs["period"] > 0
    assert (back == (runs["amplitude"] < 0.07)).all()
    np.testing.assert_allclose(runs.loc[back, "distance"], 1e-3)
    np.testing.assert_allclose(runs.loc[back, "overlap"], 0.98, atol=0.02)
    np.testing.assert_allclose(runs.loc[~back, "overlap"], 0.7, atol=0.01)
    frame = agreeing.cyclic_shear
    one = (frame["n_particles"] == 500) & (frame["temperature"] == 0.5) & (frame["sample"] == 3)
    own = frame[one & (frame["amplitude"] == 0.12)].set_index("cycle")
    found = runs[(runs["temperature"] == 0.5) & (runs["sample"] == 3)].iloc[-1]
    assert found["start_energy"] == own.loc[0, "energy"]
    for name in ("energy", "overlap"):
        assert found[name] == pytest.approx(own.loc[CYCLES - 4 : CYCLES, name].mean()), name
    assert set(runs.loc[~back, "cycles"]) == {CYCLES}


def test_the_amplitude_lies_between_the_last_that_always_comes_back_and_the_next():
    def bracket(*periods):
        return beyond.irreversibility_brackets(
            pd.DataFrame({"sample": 3, "amplitude": [0.02, 0.05, 0.08, 0.1], "period": periods})
        ).loc[3]

    assert bracket(1, 2, 0, 0).tolist() == [0.05, 0.08]
    # once it has not come back, what it does beyond does not count
    assert bracket(1, 0, 3, 0).tolist() == [0.02, 0.05]
    assert bracket(1, 1, 1, 0).tolist() == [0.08, 0.1]
    assert bracket(0, 1, 1, 0).tolist() == [0.0, 0.02]
    assert bracket(1, 1, 1, 1).tolist() == [0.1, math.inf]


def test_the_amplitude_may_lie_anywhere_in_its_brackets(agreeing):
    """Equal brackets have no scatter, and yet an error: theirs, and that of γ_c."""
    given = critical(0.07, 0.0)(agreeing)
    (found, _) = judged(given)["irreversibility_amplitude"].observations
    assert found.low == pytest.approx(math.log(0.065 / 0.07))
    assert found.high == pytest.approx(math.log(0.075 / 0.07))
    assert found.value == pytest.approx(0.5 * (found.low + found.high))
    (found, _) = judged(critical(0.07, 0.1)(agreeing))["irreversibility_amplitude"].observations
    error = 0.5 * math.log(1.1 / 0.9)
    assert found.low == pytest.approx(math.log(0.065 / 0.07) - error)
    assert found.high == pytest.approx(math.log(0.075 / 0.07) + error)
    assert found.fixed == pytest.approx(error + 0.5 * math.log(0.075 / 0.065))


def test_true_amplitudes_lie_in_the_interval():
    """Of many made-up ensembles of six samples on a grid, 19 of 20 at least."""
    rng = np.random.default_rng(5)
    grid = np.array([0.04, 0.05, 0.06, 0.07, 0.08, 0.1, 0.12, 0.15])
    held = []
    for _ in range(300):
        own = np.exp(math.log(0.075) + 0.15 * rng.normal(size=6))
        runs = pd.DataFrame(product(range(6), grid), columns=["sample", "amplitude"])
        came_back = runs["amplitude"] < own[runs["sample"]]
        ends = beyond.irreversibility_amplitude(runs.assign(period=1 * came_back)).interval()
        held.append(ends.low < math.log(0.075) < ends.high)
    assert np.mean(held) > 0.95


def test_a_temperature_without_a_critical_strain_is_not_judged(agreeing):
    trends = agreeing.gamma_c_trends
    colder = changed(agreeing, gamma_c_trends=trends.assign(abscissa_high=0.45))
    found = judged(colder)["irreversibility_amplitude"]
    assert [seen.what for seen in found.observations] == ["ln(A_c/γ_c), N = 500, T = 0.4"]
    assert "N = 500, T = 0.5: warmer than where γ_c is defined" in found.remark


def test_what_fewer_cycles_would_have_told_is_told(agreeing):
    """At 0.065, where all came back after 4 cycles, they now take 7 of 12."""
    frame = agreeing.cyclic_shear
    late = frame["amplitude"] == 0.065
    longer = [frame[~late], frame[late & (frame["cycle"] < 4)]]
    last = frame[late & (frame["cycle"] == 4)]
    longer += [last.assign(cycle=cycle) for cycle in range(4, 8)]
    given = changed(agreeing, cyclic_shear=pd.concat(longer))
    found = judged(given)["irreversibility_amplitude"]
    sooner = math.log(math.sqrt(0.05 * 0.065) / 0.07)
    assert (
        "ln(A_c/γ_c), N = 500, T = 0.4: runs that came back took 7 of 12 cycles at most; with half "
        f"as many it would be {sooner:.3g} ("
    ) in found.remark


def test_samples_that_come_back_again_are_told_and_count_as_above(agreeing):
    """Their runs above A_c are those above, whatever became of them."""
    frame = agreeing.cyclic_shear
    again = (frame["sample"] == 2) & (frame["amplitude"] == 0.12)
    given = changed(agreeing, cyclic_shear=frame.assign(period=frame["period"].mask(again, 1)))
    found = judged(given)
    remark = "N = 500, T = 0.4: 1 of 6 samples came back again at a larger amplitude"
    assert remark in found["irreversibility_amplitude"].remark
    runs = beyond.steady(given.cyclic_shear)
    runs = runs[runs["temperature"] == 0.4]
    changes = [
        own.loc[own["amplitude"] < 0.07, "overlap"].mean()
        - own.loc[own["amplitude"] > 0.07, "overlap"].mean()
        for _, own in runs.groupby("sample")
    ]
    (seen, _) = found["modes_change_when_irreversible"].observations
    assert seen.value == pytest.approx(np.mean(changes))
    assert seen.n_samples == 6


def test_samples_without_a_bracket_are_told(agreeing):
    given = reversible_up_to(0.065, 0.065, 0.065, 0.065, 0.0, 1.0)(agreeing)
    found = judged(given)["irreversibility_amplitude"]
    assert found.verdict == TOO_SMALL
    assert [seen.n_samples for seen in found.observations] == [6, 6]
    assert [(seen.low, seen.high) for seen in found.observations] == [(-math.inf, math.inf)] * 2
    assert (
        "N = 500, T = 0.4: of 6 samples 1 came back at every amplitude, 1 not at the smallest"
    ) in found.remark
    never = judged(reversible_up_to(0.0)(agreeing))
    assert never["modes_change_when_irreversible"].verdict == TOO_SMALL
    assert "0 of 36 runs came back" in never["modes_change_when_irreversible"].remark


def test_the_difference_at_equal_distance_is_told(agreeing):
    frame = agreeing.landscape
    between = (frame["observable"] == "overlap_of_pairs") & (frame["relation"] == "between")
    scattered = 0.01 * (frame["sample"] - 2.5)
    more = frame[between].assign(observable="overlap_at_equal_distance", value=0.02 + scattered)
    given = changed(agreeing, landscape=pd.concat([frame, more], ignore_index=True))
    found = judged(given)["modes_persist_within_metabasins"]
    half = 2.5706 * 0.01 * math.sqrt(3.5 / 6)
    told = f"within less between at equal distance: 0.020 ({0.02 - half:.3f} to {0.02 + half:.3f})"
    assert told in found.remark
    assert "equal distance" not in judged(agreeing)["modes_persist_within_metabasins"].remark


def test_overlaps_within_and_between_are_told_for_every_number_of_modes_and_of_lasting_ones(
    agreeing,
):
    frame = agreeing.landscape
    pairs = frame[frame["observable"] == "overlap_of_pairs"]
    lasting = pairs.assign(relation=pairs["relation"] + "_lasting", value=pairs["value"] / 4)
    every = changed(agreeing, landscape=pd.concat([frame, lasting], ignore_index=True))
    found = judged(every)["modes_persist_within_metabasins"].remark
    smallest = pairs[pairs["n_particles"] == pairs["n_particles"].min()]
    coldest = smallest[smallest["temperature"] == smallest["temperature"].min()]
    means = coldest.groupby(["mode_fraction", "relation"])["value"].mean()
    for share, (which, factor) in product((0.025, 0.05), (("all", 1), ("lasting", 4))):
        within, between = (means[share, name] / factor for name in ("within", "between"))
        told = f"{100 * share:g}% of the modes, {which} metabasins: "
        assert f"{told}{within:.3f} within, {between:.3f} between" in found
