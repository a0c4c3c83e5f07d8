"""Verdicts of the summary on made-up tables of which the truth is known."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from softmodes import statistics, summary, summary_page, tables

GAMMA = np.array([0.0, 1e-4, 1e-3, 1e-2, 0.02, 0.04, 0.06, 0.08, 0.12, 0.2, 0.5, 1.0])
FRACTIONS = (0.00175, 0.01, 0.1)
TEMPERATURES = (0.38, 0.43, 0.5, 0.7, 1.0)
RISING_FROM_1 = {0.38: 1.0, 0.43: 1.0, 0.5: 0.8, 0.7: 0.4, 1.0: 0.05}


def made_up(
    sizes: tuple[int, ...] = (1000, 4000),
    temperatures: tuple[float, ...] = TEMPERATURES,
    samples: int = 6,
    noise: float = 0.004,
    height: float = 0.2,
    strain: float = 0.071,
) -> summary.Tables:
    """A study that shows what the Letter found, in as far as `height` and `strain` let it."""
    rng = np.random.default_rng(5)

    def scattered(value: float) -> float:
        return value + noise * rng.normal()

    strained, unstrained, scan, energy, states = [], [], [], [], []
    for size in sizes:
        for temperature in temperatures:
            share = height * RISING_FROM_1[temperature]
            for sample in range(samples):
                key = {"n_particles": size, "temperature": temperature, "sample": sample}
                controls = {"n_modes": 20, "random": 0.2, "within_species": 0.22}
                own = strain * math.exp(0.05 * rng.normal())
                drop = 1 / (1 + (GAMMA / own) ** 4)
                rise = 0.02 * (1 - 1 / (1 + (GAMMA / (2 * own)) ** 4))
                stress = GAMMA / own * np.exp(1 - GAMMA / own)
                for place, gamma in enumerate(GAMMA):
                    strained.append(
                        key
                        | controls
                        | {"quantity": "DW_p", "gamma": gamma, "rms_distance": gamma}
                        | {"overlap": scattered(0.23 + share * drop[place])}
                    )
                    # sample 0 leaves its basin at the smallest strain, the others at the next
                    switched = gamma >= (1e-4 if sample == 0 else 1e-3)
                    strained.append(
                        key
                        | controls
                        | {"quantity": "pq_pdq", "gamma": gamma, "rms_distance": gamma}
                        | {"overlap": 0.82 - 0.01 * sample if switched else 1.0}
                    )
                    energy.append(
                        key
                        | {"gamma": gamma, "normalised_energy": 1 + rise[place]}
                        | {"shear_stress": scattered(stress[place]), "switched": switched}
                    )
                levels = {
                    "DP_pq": 0.22 + 1.5 * share,
                    "DP_pdq": 0.22 + 1.5 * share,
                    "DW_pq": 0.23 + share,
                    "DW_d": 0.23 + 0.4 * share,
                    "pq_pdq": 0.8,
                    "DW_DP": 0.5,
                    "DW_harmonic": 0.6,
                    "DW_small": 0.3,
                }
                unstrained += [
                    key | controls | {"quantity": name, "overlap": scattered(level), "gamma": 1e-4}
                    for name, level in levels.items()
                ]
                grows, falls = (0.25, 0.35, 0.36), (0.5, 0.35, 0.25)
                scan += [
                    key
                    | controls
                    | {"quantity": quantity, "gamma": gamma, "mode_fraction": fraction}
                    | {"overlap": scattered(level)}
                    for quantity, gamma, levels in (
                        ("DW_p", 1e-4, grows),
                        ("d_p", 1e-4, falls),
                        ("DW_p", 0.08, grows),
                        ("d_p", 0.08, grows),
                    )
                    for fraction, level in zip(FRACTIONS, levels, strict=True)
                ]
                states.append(key | state(temperature) | {"switched": sample == 0})
    overlap, stress = pd.DataFrame(strained), pd.DataFrame(energy)
    return summary.Tables(
        overlap_vs_gamma=overlap,
        overlap_vs_temperature=pd.DataFrame(unstrained),
        overlap_vs_modes=pd.DataFrame(scan),
        energy_stress=stress,
        gamma_c=tables.gamma_c(overlap, stress, 7),
        state_points=pd.DataFrame(states).assign(
            quadrupole=lambda frame: 0.2 + 0.01 * (frame["sample"] - 2)
        ),
    )


def state(temperature: float) -> dict:
    return {
        "pressure": 13.5,
        "density": 0.74,
        "inherent_energy": 1.9 + 0.1 * temperature,
        "inherent_energy_drift": 0.0,
        "pressure_drift": 0.0,
        "time": 100.0,
        "relaxation_time": 2.0,
        "relaxation_times": 50.0,
        "cage_relative_relaxation_time": 3.0,
        "sample_relaxation_time": 2.0,
        "neighbour_distance_small": 1.45,
        "neighbour_distance_mixed": 1.67,
        "neighbour_distance_large": 1.91,
        "first_minimum_small": 1.45,
        "first_minimum_mixed": 1.68,
        "first_minimum_large": 1.92,
        "debye_waller": 0.02 * temperature,
        "debye_waller_reliability": 0.95,
        "translation_switched": False,
        "n_quenches": 12,
        "n_unconverged": 0,
        "n_saddles": 0,
        "n_split_degeneracies": 0,
        "equilibrated": True,
    }


@pytest.fixture(scope="module", autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "RESAMPLES", 40)
        yield


@pytest.fixture(scope="module")
def letter_like() -> summary.Tables:
    return made_up()


def verdicts(found: dict) -> dict[str, str]:
    return {item["name"]: item["verdict"] for item in found["statements"] + found["controls"]}


def changed(given: summary.Tables, **frames: pd.DataFrame) -> summary.Tables:
    return summary.Tables(**(vars(given) | frames))


def test_differences_are_judged_by_standard_errors():
    values = [1.0, 2.0, 3.0]  # mean 2, standard error 1/√3 = 0.577
    assert summary.larger("", values).verdict == "agrees"
    assert summary.larger("", values, by=1.0).verdict == "too small to tell"
    assert summary.larger("", values, by=4.0).verdict == "differs"
    assert summary.larger("", [5.0]).verdict == "too small to tell"
    assert summary.larger("", [5.0, math.nan, 5.1]).n_samples == 2
    assert summary.equal("", values, 3.8).verdict == "agrees"
    assert summary.equal("", values, 3.6).verdict == "too small to tell"
    assert summary.equal("", values, 0.2).verdict == "differs"
    assert summary.equal("", [-2.0, -2.0], 1.0).verdict == "differs"


def test_a_study_like_the_letter_agrees_throughout(letter_like):
    found = summary.compare(letter_like, "made-up", 20.0)
    assert set(verdicts(found).values()) == {"agrees"}
    assert len(found["statements"]) == 18
    assert found["warnings"] == []


def test_noise_alone_tells_nothing_of_the_drop():
    found = summary.compare(made_up(height=0.0), "made-up", 20.0)
    told = verdicts(found)
    for name in ("plateau", "drop", "critical_strain", "independent_of_temperature", "stress"):
        assert told[name] == "too small to tell", name
    assert told["propensity_rises_on_cooling"] == "differs"
    assert any("overlap drop not defined" in text for text in found["warnings"])


def test_one_sample_can_tell_nothing_of_differences():
    found = summary.compare(made_up(sizes=(1000,), samples=1), "made-up", 20.0)
    told = verdicts(found)
    assert {name for name, verdict in told.items() if verdict != "too small to tell"} == {
        "equilibrated"
    }
    assert "one sample only: nothing has an error" in found["warnings"]
    assert summary_page.markdown(found)


def test_overlaps_that_could_not_be_had_are_left_out(letter_like):
    frames = {
        name: getattr(letter_like, name).assign(overlap=np.nan)
        for name in ("overlap_vs_gamma", "overlap_vs_temperature", "overlap_vs_modes")
    }
    frames["gamma_c"] = tables.gamma_c(frames["overlap_vs_gamma"], letter_like.energy_stress, 7)
    found = summary.compare(changed(letter_like, **frames), "made-up", 20.0)
    told = verdicts(found)
    agreeing = {name for name, verdict in told.items() if verdict == "agrees"}
    assert agreeing == {"quadrupolar", "equilibrated"}
    assert "differs" not in told.values()
    assert summary_page.markdown(found)


def test_without_strains_below_the_end_of_the_plateau_little_can_be_told(letter_like):
    listed = [0.02, 0.12, 0.5]
    frames = {
        name: frame[frame["gamma"].isin([0.0, *listed])]
        for name, frame in vars(letter_like).items()
        if name in ("overlap_vs_gamma", "energy_stress")
    }
    frames["gamma_c"] = tables.gamma_c(frames["overlap_vs_gamma"], frames["energy_stress"], 7)
    found = summary.compare(changed(letter_like, **frames), "made-up", 20.0)
    told = verdicts(found)
    for name in ("plateau", "plateau_rises_on_cooling", "drop", "energy"):
        assert told[name] == "too small to tell", name
    observations = statement(found, "energy")["observations"]
    shares = [seen for seen in observations if "share of the rise" in seen["what"]]
    assert [(seen["mean"], seen["n_samples"]) for seen in shares] == [(None, 0)] * 2
    assert summary_page.markdown(found)


def test_another_critical_strain_differs():
    found = summary.compare(made_up(strain=0.2), "made-up", 20.0)
    assert verdicts(found)["critical_strain"] == "differs"
    (drop,) = [row for row in found["gamma_c"] if row["estimator"] == "overlap_drop"]
    assert drop["mean"] == pytest.approx(0.2, rel=0.1)
    assert drop["letter"] == 0.071


def test_neighbour_distances_off_the_measured_minima_are_told(letter_like):
    assert not [
        line for line in summary.compare(letter_like, "x", 20.0)["warnings"] if "g(r)" in line
    ]
    frame = letter_like.state_points.assign(neighbour_distance_mixed=1.5)
    found = summary.compare(changed(letter_like, state_points=frame), "x", 20.0)
    told = [line for line in found["warnings"] if "g(r)" in line]
    assert len(told) == 2  # one per size, at the lowest temperature
    assert "mixed pairs count as neighbours up to 1.5" in told[0]


def test_one_size_and_warm_temperatures_cannot_tell():
    found = summary.compare(made_up(sizes=(1000,), temperatures=(0.7, 1.0)), "made-up", 20.0)
    told = verdicts(found)
    assert told["independent_of_size"] == "too small to tell"
    assert told["levels_off"] == "too small to tell"
    assert told["drop"] == "too small to tell"


def statement(found: dict, name: str) -> dict:
    (item,) = [item for item in found["statements"] if item["name"] == name]
    return item


def test_a_minimum_compared_with_itself_tells_nothing(letter_like):
    told = statement(summary.compare(letter_like, "x", 20.0), "modes_persist")
    assert told["remark"].startswith("N = 1000: the basin changed in 6 of 6 samples")
    assert told["observations"][0]["mean"] == pytest.approx(0.795)
    still = letter_like.energy_stress.copy()
    still.loc[still["gamma"] <= 0.01, "switched"] = False
    states = letter_like.state_points.assign(switched=False)
    found = summary.compare(
        changed(letter_like, energy_stress=still, state_points=states), "x", 20.0
    )
    for name in ("modes_persist", "propensity_pq_pdq"):
        assert statement(found, name)["verdict"] == "too small to tell"
    assert "none of 6 samples" in statement(found, "modes_persist")["remark"]
    alike = statement(found, "propensity_pq_pdq")
    assert alike["observations"][0]["mean"] == pytest.approx(0.0, abs=0.01)
    assert "none of the 60 configurations" in alike["remark"]


def test_modes_that_move_with_the_basin_do_not_persist(letter_like):
    frame = letter_like.overlap_vs_gamma.copy()
    moved = (frame["quantity"] == "pq_pdq") & (frame["overlap"] < 0.95)
    frame.loc[moved, "overlap"] -= 0.5
    found = summary.compare(changed(letter_like, overlap_vs_gamma=frame), "x", 20.0)
    assert statement(found, "modes_persist")["verdict"] == "differs"
    assert "of 10 of the 60" in statement(found, "propensity_pq_pdq")["remark"]


def test_one_size_that_disagrees_decides(letter_like):
    frame = letter_like.overlap_vs_temperature.copy()
    large = (frame["n_particles"] == 4000) & (frame["quantity"] == "DW_pq")
    frame.loc[large, "within_species"] = 0.9
    told = verdicts(summary.compare(changed(letter_like, overlap_vs_temperature=frame), "x", 20.0))
    assert told["beyond_composition"] == "differs"


@pytest.mark.parametrize(
    ("name", "quantity", "gamma"),
    [
        ("grows_with_modes", "DW_p", 1e-4),
        ("falls_with_modes", "d_p", 1e-4),
        ("grows_with_modes_near_critical_strain", "d_p", 0.08),
    ],
)
def test_reversed_dependence_on_mode_number_differs(letter_like, name, quantity, gamma):
    frame = letter_like.overlap_vs_modes.copy()
    chosen = (frame["quantity"] == quantity) & (frame["gamma"] == gamma)
    frame.loc[chosen, "overlap"] *= -1
    told = verdicts(summary.compare(changed(letter_like, overlap_vs_modes=frame), "x", 20.0))
    assert [key for key, verdict in told.items() if verdict == "differs"] == [name]


def test_trouble_is_said(letter_like):
    states = letter_like.state_points.copy()
    coldest = (states["temperature"] == 0.38) & (states["n_particles"] == 1000)
    states.loc[coldest, ["relaxation_times", "equilibrated"]] = [7.0, False]
    states.loc[coldest & (states["sample"] == 0), ["n_unconverged", "n_saddles"]] = [2, 1]
    states.loc[coldest, "inherent_energy_drift"] = -0.01 - 0.001 * states["sample"]
    warm = states["temperature"] == 1.0
    states.loc[warm, ["relaxation_time", "relaxation_times"]] = np.nan
    states.loc[warm & (states["sample"] < 3), "switched"] = True
    found = summary.compare(changed(letter_like, state_points=states), "x", 20.0)
    where = "N = 1000, T = 0.38: "
    assert where + "7.0 τ_e at constant volume, 20 asked" in found["warnings"]
    assert where + "6 of 6 samples not equilibrated" in found["warnings"]
    assert where + "2 of 72 quenches did not converge" in found["warnings"]
    assert where + "1 of 72 quenches ended on saddles" in found["warnings"]
    drift = "inherent energy, averaged over samples, drifts by -0.012 ± 0.00076 per τ"
    assert where + drift in found["warnings"]
    assert "N = 4000, T = 1: F_s does not fall to 1/e, τ_e is unknown" in found["warnings"]
    assert verdicts(found)["equilibrated"] == "differs"
    row = next(row for row in found["state_points"] if row["temperature"] == 1.0)
    assert row["switched_share"] == 0.5 and row["relaxation_time"] is None
    assert not row["long_enough"]


def test_every_overlap_has_a_name_to_read():
    named = {*tables.UNSTRAINED_QUANTITIES, *tables.STRAINED_QUANTITIES}
    assert named <= set(summary.LABELS)


def test_both_files_are_written_and_say_the_same(letter_like, tmp_path):
    found = summary.compare(letter_like, "made-up", 20.0)
    summary_page.write(found, tmp_path / "summary.md", tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text()) == found
    text = (tmp_path / "summary.md").read_text()
    assert "Of 18 statements: 18 agrees." in text
    for item in found["statements"]:
        assert item["statement"] in text and item["criterion"] in text
    assert "0.071 ± 0.024" in text
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.replace("\\|", "").count("|") for line in block.splitlines()}) == 1


def test_tables_read_back_from_csv_give_the_same_summary(letter_like, tmp_path):
    for name, frame in vars(letter_like).items():
        tables.write_csv(frame, tmp_path / f"{name}.csv")
    read = {name: tables.read_csv(tmp_path / f"{name}.csv") for name in vars(letter_like)}
    again = summary.compare(summary.Tables(**read), "made-up", 20.0)
    assert again == summary.compare(letter_like, "made-up", 20.0)
