"""The page of a sample, from tables of a few rows."""

import re

import pandas as pd

from softmodes.analysis import gamma_c
from softmodes.report import pages, tables

POINT = {"n_particles": 120, "temperature": 0.6}
STATE = (
    *("equilibrated", "time", "relaxation_times", "relaxation_time", "sample_relaxation_time"),
    *("cage_relative_relaxation_time", "pressure", "density", "inherent_energy", "n_runs"),
    *("debye_waller", "debye_waller_reliability", "propensity", "n_modes", "switched"),
    *("translation_switched", "n_quenches", "n_unconverged", "n_saddles"),
)


def test_a_page_tells_why_there_is_no_critical_strain(tmp_path):
    """Which all samples say together, so that each page has it."""
    gamma, samples = [1e-3, 0.01, 0.5, 1.0], range(2)
    strains = pd.DataFrame(
        POINT
        | {"sample": sample, "gamma": strain, "quantity": "DW_p", "overlap": 0.3}
        | {"shear_stress": stress + sample, "normalised_energy": 1.0, "mean_nonaffine": 0.1}
        | {"switched": False}
        for sample in samples
        for strain, stress in zip(gamma, [0.0, 9.0, 900.0, 9.0], strict=True)
    )
    page, critical = tmp_path / "page.html", tmp_path / "gamma_c.csv"
    tables.write_csv(gamma_c.table(gamma_c.estimates(strains, strains, 1)), critical)
    pages.write_sample(
        pages.SampleTables(
            overlap_vs_gamma=strains,
            overlap_vs_temperature=strains.iloc[:0],
            energy_stress=strains,
            gamma_c=tables.read_csv(critical),
            state_points=pd.DataFrame([POINT | {"sample": 1} | dict.fromkeys(STATE, 1.0)]),
        ),
        **POINT,
        sample=1,
        path=page,
    )
    _, shown = page.read_text(encoding="utf-8").split("Critical strain")
    cells = [re.findall("<td>(.*)</td>", row) for row in shown.split("</tr>")]
    told = {row[0]: row[2] for row in cells if row}
    assert told.pop("stress_maximum") == "–"
    assert set(told) >= {"overlap_drop", "energy_onset"}
    assert set(told.values()) == {"change not significant"}
