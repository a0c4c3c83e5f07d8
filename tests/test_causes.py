"""Numbers beside statements that do not agree, on made-up tables of which the truth is known."""

import math

import numpy as np
import pandas as pd
import pytest
from made_up import STRAIN, changed, letter_like

from softmodes.report import causes, letter, summary, summary_page
from softmodes.report.evidence import Tables


@pytest.fixture(scope="module")
def made_up() -> Tables:
    """As the Letter's, with τ_e = 10^(1/T)."""
    tables = letter_like(noise=1e-6)
    states = tables.state_points
    slower = states.assign(relaxation_time=10 ** (1 / states["temperature"]))
    return changed(tables, state_points=slower)


def answers(statement: str, tables: Tables) -> dict[str, float]:
    return {
        seen.what: seen.value
        for cause in causes.CAUSES
        if cause.statement == statement
        for seen in cause.observe(tables)
    }


def of(found: dict[str, float], *words: str) -> list[float]:
    return [value for what, value in found.items() if all(word in what for word in words)]


def test_the_drop_is_half_done_at_the_letters_strain_and_less_on_the_way_to_chance(made_up):
    found = answers("critical_strain", made_up)
    (floor,) = of(found, "to its floor")
    assert floor == pytest.approx(0.5, abs=0.03)
    # plateau 0.23 + s, floor 0.23 and a little, s = 0.2, 0.2 and 0.16 at T = 0.38, 0.43 and 0.5
    for name, chance in (("within species", 0.22), ("at random", 0.2)):
        (less,) = of(found, name, "done at")
        lower = [s / (s + 0.23 - chance) for s in (0.2, 0.2, 0.16)]
        assert less / floor == pytest.approx(np.mean(lower), rel=0.01)


def test_fractions_are_of_what_is_known(made_up):
    frame = made_up.overlap_vs_gamma
    late = changed(made_up, overlap_vs_gamma=frame[frame["gamma"] > 0.01])
    early = changed(made_up, overlap_vs_gamma=frame[frame["gamma"] < 0.06])
    for tables in late, early:
        assert not of(answers("critical_strain", tables), "done at")
    one = frame.index[(frame["sample"] == 2) & (frame["gamma"] == 0.2)]
    holed = changed(made_up, overlap_vs_gamma=frame.assign(random=frame["random"].drop(one)))
    both = [answers("critical_strain", tables) for tables in (made_up, holed)]
    (whole,), (without,) = (of(found, "at random", "done at") for found in both)
    assert without == pytest.approx(whole, rel=0.01)


def test_a_floor_that_rises_on_cooling_is_seen(made_up):
    (same,) = of(answers("critical_strain", letter_like(sizes=(1000,), noise=1e-6)), "floor, T")
    assert abs(same) < 1e-3
    frame = made_up.overlap_vs_gamma.copy()
    there = (frame["temperature"] == 0.38) & (frame["gamma"] >= 0.3)
    frame.loc[there, "overlap"] += 0.05
    risen = of(answers("critical_strain", changed(made_up, overlap_vs_gamma=frame)), "floor, T")
    assert risen == pytest.approx([same + 0.05] * 2, abs=1e-3)


def test_rates_of_rise_are_those_of_the_curve(made_up):
    found = answers("levels_off", made_up)
    # O_DW,pq = 0.23 + 0.2 (1, 1, 0.8, 0.4, 0.05) at T = 0.38, 0.43, 0.5, 0.7, 1
    (cold,) = of(found, "unit of T, T ≤ 0.43, N = 1000", "O_DW,pq per")
    (warm,) = of(found, "unit of T, T = 0.43 to 0.6, N = 1000")
    (by_decade,) = of(found, "decade of τ_e, T = 0.43 to 0.6, N = 1000")
    assert cold == pytest.approx(0.0, abs=1e-3)
    assert warm == pytest.approx(0.04 / 0.07, rel=1e-3)
    assert by_decade == pytest.approx(0.04 / (1 / 0.43 - 1 / 0.5), rel=1e-3)
    (within,) = of(found, "within species", "N = 4000")
    assert within == pytest.approx(0.0, abs=1e-9)


def test_onsets_are_compared_with_onsets(made_up):
    strains = made_up.gamma_c
    onsets = strains[strains["estimator"] == "energy_onset"]
    twice = onsets.assign(estimator="overlap_onset", value=2 * onsets["value"])
    both = pd.concat([strains, twice], ignore_index=True)
    (found,) = answers("energy", changed(made_up, gamma_c=both)).values()
    assert found == pytest.approx(-math.log(2))


def test_the_flatness_of_the_maximum_is_told(made_up):
    scan = made_up.overlap_vs_modes.copy()
    scan["overlap"] += np.where(scan["mode_fraction"] == 0.02, 0.1, 0.0)
    found = answers("grows_with_modes", changed(made_up, overlap_vs_modes=scan))
    grown = 0.36 - 0.03 * math.log(2) ** 2 + 0.1
    assert list(found.values()) == pytest.approx([0.36 / grown] * 2, rel=1e-3)
    assert all("at 2%" in what for what in found)


def test_changed_and_kept_basins_are_compared_where_there_are_both(made_up):
    states = made_up.state_points.copy()
    states["switched"] = (states["sample"] < 3) & (states["temperature"] == 0.7)
    states["quadrupole"] = 0.1 + 0.2 * states["switched"]
    found = answers("quadrupolar", changed(made_up, state_points=states))
    assert of(found, "changed less kept basins, T = 0.7") == pytest.approx([0.2, 0.2])
    assert of(found, "share") == [0.0, 0.0]


def test_only_what_does_not_agree_is_asked_about(made_up):
    assert {cause.statement for cause in causes.CAUSES} <= {one.name for one in letter.LETTER}
    agreeing = summary.compare(made_up, "made-up", letters_mixture=True)
    assert agreeing["causes"] == []
    scan = made_up.overlap_vs_modes.copy()
    scan["overlap"] += 0.1 * np.log(scan["mode_fraction"])
    other = changed(made_up, overlap_vs_modes=scan)
    told = summary.compare(other, "made-up", letters_mixture=True)
    assert {item["name"] for item in told["causes"]} == {"grows_with_modes"}
    assert "| grows_with_modes | Is the maximum flat? | O_DW,p at 1%" in summary_page.markdown(told)
    assert not summary.compare(other, "made-up", letters_mixture=False)["causes"]


def test_warm_or_single_samples_leave_nothing_to_ask():
    for tables in (letter_like(temperatures=(0.7, 1.0)), letter_like(samples=1)):
        told = summary.compare(tables, "made-up", letters_mixture=True)
        assert summary_page.markdown(told)


def test_the_letters_strain_is_that_of_the_made_up_study():
    assert letter.GAMMA_C == STRAIN
