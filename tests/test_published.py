"""The published demo: its figures are those of its tables."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from softmodes.stages import figure

DEMO = Path(__file__).parents[1] / "results" / "published" / "demo"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    figure.draw_all({path.stem: str(path) for path in DEMO.glob("*.csv")}, folder)
    return folder


@pytest.mark.parametrize("number", figure.TABLES)
def test_published_figures_are_those_of_the_published_tables(drawn, number):
    one, other = (
        np.asarray(Image.open(folder / f"fig{number}.png"), dtype=float) for folder in (drawn, DEMO)
    )
    assert one.shape == other.shape
    # edges may be shaded otherwise on another processor
    assert np.abs(one - other).mean() < 0.1
    assert (drawn / f"fig{number}.pdf").stat().st_size > 1000
