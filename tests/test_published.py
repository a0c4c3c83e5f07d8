"""The published studies: their figures are those of their tables."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from softmodes.stages import figure

PUBLISHED = Path(__file__).parents[1] / "results" / "published"
STUDIES = sorted(path.parent.name for path in PUBLISHED.glob("*/overlap_vs_gamma.csv"))


@pytest.fixture(scope="module", params=STUDIES)
def study(request):
    return PUBLISHED / request.param


@pytest.fixture(scope="module")
def drawn(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp(study.name)
    figure.draw_all({path.stem: str(path) for path in study.glob("*.csv")}, folder)
    return folder


@pytest.mark.parametrize("number", figure.TABLES)
def test_published_figures_are_those_of_the_published_tables(study, drawn, number):
    one, other = (
        np.asarray(Image.open(folder / f"fig{number}.png"), dtype=float)
        for folder in (drawn, study)
    )
    assert one.shape == other.shape
    # edges may be shaded otherwise on another processor
    assert np.abs(one - other).mean() < 0.1
    assert (drawn / f"fig{number}.pdf").stat().st_size > 1000
