"""The summary's numbers, warnings and page, on made-up tables of which the truth is known."""

import dataclasses
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from made_up import beyond_like, changed, letter_like

from softmodes.report import choices, summary, summary_page, tables
from softmodes.report.beyond import BEYOND
from softmodes.report.choices import ChoiceTables
from softmodes.report.evidence import Tables
from softmodes.report.letter import MIXTURE
from softmodes.stages import summary as stage


@pytest.fixture(scope="module")
def agreeing() -> Tables:
    return letter_like()


@pytest.fixture(scope="module")
def found(agreeing) -> dict:
    return summary.compare(agreeing, "made-up", letters_mixture=True)


def warnings(given: Tables) -> list[str]:
    return summary.compare(given, "made-up", letters_mixture=True)["warnings"]


def test_a_study_like_the_letter_gives_no_warning(found):
    assert found["warnings"] == []
    assert {item["verdict"] for item in found["statements"] + found["controls"]} == {"agrees"}


def test_the_headline_has_both_figures(found):
    assert found["headline"].startswith("γ_c = 0.070 (95%: 0.066 to 0.074), O_DW,p = 0.43")
    assert "at T = 0.38, N = 1000" in found["headline"]


def test_another_mixture_gets_no_verdict_beside_the_letter(agreeing, found):
    other = summary.compare(agreeing, "made-up", letters_mixture=False)
    assert {item["verdict"] for item in other["statements"]} == {"not compared"}
    for item, same in zip(other["statements"], found["statements"], strict=True):
        assert [seen["value"] for seen in item["observations"]] == [
            seen["value"] for seen in same["observations"]
        ]
    assert {item["verdict"] for item in other["controls"]} == {"agrees"}
    text = summary_page.markdown(other)
    assert "another mixture than the Letter's" in text
    assert "not compared: 19." in text
    pages = [
        summary_page.markdown(
            summary.compare(letter_like(samples=3, noise=0.1), "made-up", letters_mixture=mixture)
        ).split("## This study's own")[0]
        for mixture in (True, False)
    ]
    assert ["samples would tell" in page for page in pages] == [True, False]
    assert "**agrees**" not in text.split("## This study's own")[0]


def test_overlaps_that_could_not_be_had_are_left_out(agreeing):
    names = ("overlap_vs_gamma", "overlap_vs_temperature", "overlap_vs_modes")
    frames = {name: getattr(agreeing, name).assign(overlap=np.nan) for name in names}
    unknown = agreeing.gamma_c_trends.assign(value=np.nan, lower=np.nan, upper=np.nan)
    told = summary.compare(
        changed(agreeing, **frames, gamma_c_trends=unknown), "made-up", letters_mixture=True
    )
    verdicts = {item["name"]: item["verdict"] for item in told["statements"]}
    assert "differs" not in verdicts.values()
    agreed = {name for name, verdict in verdicts.items() if verdict == "agrees"}
    assert agreed == {"critical_strain_scatter", "quadrupolar"}
    assert summary_page.markdown(told)


def test_one_sample_is_told(agreeing):
    told = summary.compare(letter_like(sizes=(1000,), samples=1), "made-up", letters_mixture=True)
    assert "one sample only: nothing has an error" in told["warnings"]
    assert summary_page.markdown(told)


def test_neighbour_distances_off_the_measured_minima_are_told(agreeing):
    frame = agreeing.state_points.assign(neighbour_distance_mixed=1.5)
    told = [line for line in warnings(changed(agreeing, state_points=frame)) if "g(r)" in line]
    assert len(told) == 2  # one per size, at the lowest temperature
    assert "mixed pairs count as neighbours up to 1.5" in told[0]


def test_trouble_is_said(agreeing):
    states = agreeing.state_points.copy()
    coldest = (states["temperature"] == 0.38) & (states["n_particles"] == 1000)
    states.loc[coldest, "equilibrated"] = False
    states.loc[coldest, "unequilibrated_because"] = "7.0 τ_e, 20 asked"
    states.loc[coldest & (states["sample"] == 0), ["n_unconverged", "n_saddles"]] = [2, 1]
    warm = states["temperature"] == 1.0
    states.loc[warm, ["relaxation_time", "relaxation_times"]] = np.nan
    states.loc[warm & (states["sample"] < 3), "switched"] = True
    given = changed(agreeing, state_points=states)
    where = "N = 1000, T = 0.38: "
    assert warnings(given) == [
        where + "not equilibrated: 7.0 τ_e, 20 asked",
        where + "2 of 72 quenches did not converge",
        where + "1 of 72 quenches ended on saddles",
    ]
    told = summary.compare(given, "made-up", letters_mixture=True)
    row = next(row for row in told["state_points"] if row["temperature"] == 1.0)
    assert row["switched_share"] == 0.5
    assert row["relaxation_time"] is None
    row = next(row for row in told["state_points"] if row["temperature"] == 0.38)
    assert not row["equilibrated"]
    assert {item["name"]: item["verdict"] for item in told["controls"]}["equilibrated"] == "differs"


def test_every_overlap_has_a_name_to_read():
    named = {*tables.UNSTRAINED_QUANTITIES, *tables.STRAINED_QUANTITIES}
    assert named <= set(summary.LABELS)


def test_a_check_that_failed_is_said(agreeing):
    checks = agreeing.checks.copy()
    checks.loc[0, ["value", "passed"]] = [0.5, False]
    given = changed(agreeing, checks=checks)
    assert warnings(given) == ["N = 1000, T = 0.38: kinetic temperature is 0.5, 0.38 expected"]
    told = summary.compare(given, "made-up", letters_mixture=True)
    assert {item["name"]: item["verdict"] for item in told["controls"]}["checks"] == "differs"
    # the line of the check names the state point that fails
    (line,) = [
        line
        for line in summary_page.markdown(told).splitlines()
        if line.startswith("| kinetic temperature |")
    ]
    assert (
        line == "| kinetic temperature | **9 of 10** | 1000 | 0.38 | 0.5 | 0.38 | 0.342 to 0.418 |"
    )


def test_a_strain_that_is_not_defined_is_said(agreeing):
    frame = agreeing.gamma_c.copy()
    drop = (frame["estimator"] == "overlap_drop") & (frame["temperature"] == 1.0)
    frame.loc[drop, "defined"] = False
    frame.loc[drop, "reason"] = "change not significant"
    told = warnings(changed(agreeing, gamma_c=frame))
    where = "T = 1: overlap drop not defined (change not significant)"
    assert told == [f"N = {size}, {where}" for size in (1000, 4000)]


def test_both_files_are_written_and_say_the_same(found, tmp_path):
    summary_page.write(found, tmp_path / "summary.md", tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text()) == found
    text = (tmp_path / "summary.md").read_text()
    assert "Of 19 statements: agrees: 19." in text
    for item in found["statements"]:
        assert item["statement"] in text
        assert item["criterion"].replace("|", "\\|") in text.replace("\\|", "|").replace("|", "\\|")
    assert "0.071 ± 0.024" in text
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.replace("\\|", "").count("|") for line in block.splitlines()}) == 1


def test_a_table_has_every_number_in_its_column(found):
    named = {
        "P": "pressure",
        "ρ": "density",
        "τ_e": "relaxation_time",
        "τ_e cage-relative": "cage_relative_relaxation_time",
        "t_eq/τ_e": "relaxation_times",
        "t_eq over cage-relative": "cage_relative_times",
        "halves: e_IS": "inherent_energy_halves",
        "halves: P": "pressure_halves",
        "halves: F_s(τ_e)": "scattering_halves",
        "late: e_IS": "inherent_energy_late_change",
        "late: P": "pressure_late_change",
        "mean DWF": "debye_waller",
        "DWF halves' correlation": "debye_waller_reliability",
        "DP halves' correlation": "propensity_reliability",
        "e_IS": "inherent_energy",
        "switched at smallest γ": "switched_share",
        "switched by translation": "translation_switched_share",
        "quenches": "n_quenches",
        "unconverged": "n_unconverged",
        "saddles": "n_saddles",
        "g_11": "first_minimum_small",
        "g_12": "first_minimum_mixed",
        "g_22": "first_minimum_large",
        "ψ6": "hexatic_order",
        "S_11(k → 0)": "small_structure_factor",
    }
    (section,) = re.findall(r"## State points\n(.*)## Checks", summary_page.markdown(found), re.S)
    met = set()
    for table in re.findall(r"(?:^\|.*\|\n)+", section, re.M):
        names, _, *lines = (
            [cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()
        )
        met |= set(names)
        for cells, state in zip(lines, found["state_points"], strict=True):
            shown = dict(zip(names, cells, strict=True))
            assert [int(shown["N"]), float(shown["T"])] == [
                state["n_particles"],
                state["temperature"],
            ]
            for name in named.keys() & names:
                value = float(re.split(r" [±(]", shown[name])[0])
                assert value == pytest.approx(state[named[name]], rel=5e-3, abs=1e-3), name
    assert met == {"N", "T", "equilibrated", *named}


def test_what_changes_in_the_second_half_is_told(agreeing):
    frame = agreeing.state_points.copy()
    slope = -1e-4 * (1.0 + frame["sample"] % 2)
    frame["pressure_drift"], frame["time"] = slope, 50.0
    told = summary.compare(changed(agreeing, state_points=frame), "made-up", letters_mixture=True)
    of_one_state = -25e-4 * (1.0 + np.arange(told["state_points"][0]["n_samples"]) % 2)
    sem = of_one_state.std(ddof=1) / math.sqrt(len(of_one_state))
    for state in told["state_points"]:
        assert state["pressure_late_change"] == pytest.approx(of_one_state.mean())
        assert state["pressure_late_change_sem"] == pytest.approx(sem)
        assert state["inherent_energy_late_change"] == 0.0


def test_what_would_tell_is_said(agreeing):
    def judged(*ends):
        frame = agreeing.gamma_c_trends.copy()
        rows = (frame["estimator"] == "overlap_drop") & (frame["what"] == "mean")
        frame.loc[rows, ["value", "lower", "upper"]] = ends
        tables = changed(agreeing, gamma_c_trends=frame)
        told = summary.compare(tables, "made-up", letters_mixture=True)
        (seen,) = [item for item in told["statements"] if item["name"] == "critical_strain"]
        (observation,) = seen["observations"]
        return observation, summary_page.markdown(told)

    observation, page = judged(0.075, 0.065, 0.085)
    letter = 2.0096 * 0.024 / math.sqrt(50)
    half = math.hypot(0.01, letter)
    assert observation["high"] == pytest.approx(0.004 + half, rel=1e-4)
    # the Letter's own error stays
    needed = 6 * 0.01**2 / (0.008**2 - letter**2)
    assert observation["samples_needed"] == math.ceil(needed)
    assert f"about {observation['samples_needed']:.0f} samples would tell" in page
    # nearer to what is allowed than that error
    observation, page = judged(0.0565, 0.055, 0.058)
    assert observation["samples_needed"] is None
    assert page.count("-0.00752); no number of samples would tell") == 1
    assert "no number of samples" not in judged(0.03, 0.029, 0.031)[1]


def test_choices_made_otherwise_are_told(agreeing, found):
    """Those of a few strains at strains that all variants have."""
    state = {"n_particles": 1000, "temperature": 0.38}
    change = {"reference": 0.5, "difference": 0.02, "lower": 0.01, "upper": 0.03, "n_samples": 6}
    variants = pd.DataFrame(
        state | change | {"variant": name, "quantity": quantity, "gamma": gamma}
        for quantity in ("DW_p", "DW_d", "d_p")
        for name, strains in {"32 runs": [1e-4, 0.071, 0.2], "older": [1e-4, 0.071]}.items()
        for gamma in strains
    )
    variants.loc[variants["gamma"] == 0.071, "difference"] = -0.04
    untouched = variants.assign(variant="+y", difference=0.0, lower=0.0, upper=0.0)
    variants = pd.concat([variants, untouched], ignore_index=True)
    direction = {"estimator": "overlap_drop", "direction": "-x", "value": 0.06, "n_samples": 6}
    ends = {"lower": 0.05, "upper": 0.07, "log_ratio_lower": -0.2, "log_ratio_upper": 0.4}
    turned = pd.DataFrame([state | direction | ends | {"log_ratio": 0.1, "reason": math.nan}])
    told = summary.compare(
        agreeing, "made-up", letters_mixture=True, choice_tables=ChoiceTables(variants, turned)
    )
    page = summary_page.markdown(told)
    shown = page.split("## What choices of the analysis change")[1].split("## Overlaps")[0]
    assert re.findall(r"^\| (older|32 runs|\+y) \| (.*) \|$", shown, re.MULTILINE) == [
        (name, f"{label} | {gamma} | 0.5 | {value} | 0.01 to 0.03 | 6")
        for label, gamma, value in ((r"O_DW,\|d\|", "0.0001", "0.02"), ("O_DW,p", "0.071", "-0.04"))
        for name in ("32 runs", "older")
    ]
    assert "| -x | 0.06 | 0.05 to 0.07 | 0.1 | -0.2 to 0.4 | 6 |  |" in shown
    assert "What choices" not in summary_page.markdown(found)
    one = variants.assign(lower=np.nan, upper=np.nan, n_samples=1)
    (told,) = choices.changes(ChoiceTables(one, turned))
    assert all(row["variant"] != "+y" for shown in told["overlaps"] for row in shown["variants"])


def test_tables_read_back_from_csv_give_the_same_summary(agreeing, found, tmp_path):
    names = [field.name for field in dataclasses.fields(Tables) if field.name != "seed"]
    for name in names:
        tables.write_csv(getattr(agreeing, name), tmp_path / f"{name}.csv")
    read = {name: tables.read_csv(tmp_path / f"{name}.csv") for name in names}
    again = summary.compare(Tables(**read, seed=7), "made-up", letters_mixture=True)
    assert again == found


def test_what_is_beyond_the_letter_has_a_section_of_its_own(agreeing, found):
    given = beyond_like()
    told = summary.compare(agreeing, "made-up", letters_mixture=True, beyond_tables=given)
    assert told | {"beyond": []} == found
    assert {item["verdict"] for item in told["beyond"]} == {"agrees"}
    before, after = summary_page.markdown(found), summary_page.markdown(told)
    (section,) = re.findall(r"## Beyond the Letter\n\n.*?\n\n(?=## )", after, re.S)
    criteria = "".join(f"- **{item['name']}**: {item['criterion']}\n" for item in told["beyond"])
    assert after.replace(section, "").replace(criteria, "") == before
    assert after.endswith(criteria)
    for item in told["beyond"]:
        assert item["statement"] in section
        assert all(seen["what"] in section for seen in item["observations"])


def test_of_the_blocks_that_a_study_has_not_nothing_is_told(agreeing, found):
    without = changed(beyond_like(), landscape=None, cyclic_shear=None)
    assert found["beyond"] == []
    assert "Beyond the Letter" not in summary_page.markdown(found)
    told = summary.compare(agreeing, "made-up", letters_mixture=True, beyond_tables=without)
    assert told == found


def test_another_mixture_has_its_own_verdicts_beyond_the_letter(agreeing):
    told = summary.compare(agreeing, "made-up", letters_mixture=False, beyond_tables=beyond_like())
    assert {item["verdict"] for item in told["beyond"]} == {"agrees"}


def test_cycles_that_did_not_converge_are_said(agreeing):
    given = beyond_like()
    cycles = given.cyclic_shear
    some = (cycles["temperature"] == 0.5) & (cycles["cycle"] == 2) & (cycles["sample"] == 1)
    given = changed(given, cyclic_shear=cycles.assign(converged=~some))
    told = summary.compare(agreeing, "made-up", letters_mixture=True, beyond_tables=given)
    total = (cycles[cycles["temperature"] == 0.5]["cycle"] > 0).sum()
    assert told["warnings"] == [
        f"N = 500, T = 0.5: in 6 of {total} cycles of shear quenches did not converge"
    ]


def test_the_stage_takes_tables_of_blocks_where_there_are_any(agreeing, tmp_path):
    """Named as files; read from CSV they give the same verdicts."""
    names = [field.name for field in dataclasses.fields(Tables) if field.name != "seed"]
    frames = {name: getattr(agreeing, name) for name in names}
    given = beyond_like()
    more = {"landscape": given.landscape, "cyclic_shear": given.cyclic_shear}
    told = {}
    for study, used in (("without", frames), ("with", frames | more)):
        paths = {name: str(tmp_path / f"{name}.csv") for name in used}
        for name, path in paths.items():
            tables.write_csv(used[name], path)
        page, data = (str(tmp_path / f"{study}.{suffix}") for suffix in ("md", "json"))
        stage.summarise(paths, study, MIXTURE, seed=7, markdown=page, data=data)
        told[study] = json.loads((tmp_path / f"{study}.json").read_text(encoding="utf-8"))
    assert told["without"]["beyond"] == []
    names = [item["name"] for item in told["with"]["beyond"]]
    assert names == [statement.name for statement in BEYOND]
    assert told["with"]["letters_mixture"]
    trends = changed(given, gamma_c_trends=agreeing.gamma_c_trends)
    again = summary.compare(agreeing, "with", letters_mixture=True, beyond_tables=trends)
    assert told["with"] == again


def test_numbers_of_samples_that_differ_are_a_range(agreeing):
    points = agreeing.state_points
    some = points[(points["sample"] < 4) | (points["temperature"] > 0.5)]
    found = (agreeing, changed(agreeing, state_points=some))
    numbers = [
        summary.compare(each, "made-up", letters_mixture=True)["n_samples"] for each in found
    ]
    at = "at T = 0.38 to 1"
    assert numbers == [
        f"{number} of N = 1000 {at}; {number} of N = 4000 {at}" for number in ("6", "4 to 6")
    ]
