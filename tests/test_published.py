"""The published studies: figures and numbers told of them are those of their tables."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from softmodes.stages import pages

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "results" / "published"
STUDIES = sorted(path.parent.name for path in PUBLISHED.glob("*/overlap_vs_gamma.csv"))


@pytest.fixture(scope="module", params=STUDIES)
def study(request):
    return PUBLISHED / request.param


@pytest.fixture(scope="module")
def drawn(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp(study.name)
    tables = {path.stem: str(path) for path in study.glob("*.csv")}
    pages.publish(tables, folder, summary=str(study / "summary.md"))
    return folder


def test_published_figures_are_those_of_the_published_tables(study, drawn):
    names = sorted(path.stem for path in study.glob("fig*.png"))
    assert sorted(path.stem for path in drawn.glob("*.png")) == names
    for name in names:
        one, other = (
            np.asarray(Image.open(folder / f"{name}.png"), dtype=float) for folder in (drawn, study)
        )
        assert one.shape == other.shape, name
        # edges may be shaded otherwise on another processor
        assert np.abs(one - other).mean() < 0.1, name
        assert (drawn / f"{name}.pdf").stat().st_size > 1000


def test_the_page_is_that_of_figures_and_summary(study, drawn):
    page = (drawn / "report.html").read_text(encoding="utf-8")
    shown = re.findall(r'<img alt="Figure (\d)" src="([^"]+)">', page)
    assert shown == [
        (str(n), f"fig{n}.png") for n in range(1, len(list(study.glob("fig*.png"))) + 1)
    ]
    statement = "Nonaffine displacements overlap with the Debye–Waller factor more than at random"
    assert page.count(statement) == 1
    if (published := study / "report.html").exists():
        assert page == published.read_text(encoding="utf-8")
    else:
        assert study.name != "letter"


@pytest.mark.parametrize(("page", "name"), [("README.md", "letter"), ("docs/demo.md", "demo")])
def test_what_is_told_of_a_published_study_is_in_its_tables(page, name):
    """The critical strain with its interval, and the overlap at the lowest temperature."""
    text = re.sub(r"\s+", " ", (ROOT / page).read_text(encoding="utf-8"))
    trends, means = (
        pd.read_csv(PUBLISHED / name / f"{table}.csv") for table in ("gamma_c_trends", "means")
    )
    rows = trends[(trends["estimator"] == "overlap_drop") & (trends["what"] == "mean")]
    (told,) = re.findall(r"γ_c = ([\d.]+) \(95% interval ([\d.]+) to ([\d.]+)[;)]", text)
    found = rows.loc[rows["n_particles"].isna(), ["value", "lower", "upper"]].iloc[0]
    assert list(told) == [f"{number:.3f}" for number in found]
    cold = means[(means["temperature"] == means["temperature"].min()) & (means["basins"] == "all")]
    rows = cold[cold["quantity"] == "DW_pq"].set_index("measure")
    overlap = rows.loc["overlap"]
    assert f"{overlap['value']:.3f} ± {overlap['sem']:.3f}" in text
    assert f"{rows.loc['random', 'value']:.2f} when shuffled at random" in text


def test_what_is_told_of_other_choices_is_in_their_tables():
    """The largest changes of O_DW,pq, and that no direction of shear has another γ_c."""
    text = re.sub(r"\s+", " ", (ROOT / "README.md").read_text(encoding="utf-8"))
    ((most, of_window),) = re.findall(
        r"by ([\d.]+) at most, except .* lowers it by ([\d.]+) at", text
    )
    variants, directions = (
        pd.read_csv(PUBLISHED / "letter" / f"{name}.csv")
        for name in ("variants", "shear_directions")
    )
    rows = variants[variants["quantity"] == "DW_pq"]
    changes = rows.pivot(index="variant", columns="temperature", values="difference")
    assert f"{-changes.loc['t_DW = 5 τ', 0.4]:.3f}" == of_window
    assert f"{changes.drop(index='t_DW = 5 τ').abs().max(axis=None):.3f}" == most
    turned = directions[directions["estimator"] == "overlap_drop"]
    cold = turned[(turned["temperature"] == 0.4) & (turned["direction"] != "+x")]
    assert (cold["log_ratio_lower"] < 0.0).all()
    assert (cold["log_ratio_upper"] > 0.0).all()
