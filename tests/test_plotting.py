"""Figures of small made-up tables: what must be seen is drawn, equal tables give equal files."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import EllipseCollection
from matplotlib.quiver import Quiver

from softmodes import plotting

GAMMA = np.array([0.0, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.3, 1.0])
TEMPERATURES = (0.46, 0.6, 1.0)
SAMPLES = range(3)


def frame(rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    overlap, energy, critical, temperature, modes = [], [], [], [], []
    for t in TEMPERATURES:
        ensemble = {"n_particles": 100, "temperature": t, "what": "ensemble", "sd": 0.01}
        drop = {"estimator": "overlap_drop", "value": 0.05 if t < 0.5 else 0.9, "defined": t < 1}
        critical.append(ensemble | drop)
        critical.append(ensemble | drop | {"what": "sample", "value": 0.3})
        critical.append(ensemble | drop | {"estimator": "stress_maximum", "value": 0.4})
        for sample in SAMPLES:
            key = {"n_particles": 100, "temperature": t, "sample": sample}
            controls = {"n_modes": 2, "random": 0.2, "within_species": 0.23}
            for gamma in GAMMA:
                drop = 1 / (1 + (gamma / 0.05) ** 3)
                overlap.append(
                    key
                    | controls
                    | {"quantity": "DW_p", "gamma": gamma}
                    | {"overlap": 0.25 + (1.1 - t) * 0.2 * drop + 0.01 * sample}
                )
                energy.append(
                    key
                    | {"gamma": gamma, "normalised_energy": 1.02 - 0.02 * drop}
                    | {"shear_stress": gamma * drop, "energy_slope": gamma * drop + 0.01}
                )
            temperature += [
                key
                | controls
                | {"quantity": quantity, "overlap": 0.5 - 0.2 * t}
                | {"gamma": 1e-4, "switched": t > 0.9 and sample > 0}
                for quantity in ("DP_pq", "DP_pdq", "DW_pq", "DW_d")
                if t > 0.5 or quantity.startswith("DW")
            ]
            modes += [
                key
                | controls
                | {"quantity": quantity, "gamma": gamma, "n_modes": number}
                | {"mode_fraction": number / 200, "overlap": 0.3 + 0.01 * number}
                | {"switched": gamma > 0.01 or (t > 0.9 and sample > 0)}
                for quantity in ("DW_p", "d_p")
                for gamma in (1e-4, 0.08)
                for number in (1, 4, 20)
            ]
    return {
        "overlap": frame(overlap),
        "energy": frame(energy),
        "critical": frame(critical),
        "temperature": frame(temperature),
        "modes": frame(modes),
    }


def maps() -> plotting.Maps:
    rng = np.random.default_rng(3)
    n, length = 40, 7.0
    return plotting.Maps(
        positions=rng.uniform(-length, 2 * length, size=(n, 2)),
        diameters=np.where(np.arange(n) < n // 2, 1.0, 1.4),
        box_length=length,
        debye_waller=rng.lognormal(size=n),
        nonaffine=1e-4 * rng.normal(size=(n, 2)),
        soft_participation=rng.random((2, n)),
        n_modes=(12, 1),
        gamma=1e-4,
        temperature=0.46,
        switched=False,
    )


def test_maps_repeat_a_tilted_cell_along_its_vectors():
    """Every image that reaches into the box, by a loop over lattice vectors."""
    wide = replace(maps(), tilt=2.5)
    wide = replace(wide, positions=wide.positions % wide.box_length)
    (found,) = [
        collection.get_offsets()
        for collection in plotting.figure3(wide).axes[0].collections
        if isinstance(collection, EllipseCollection)
    ]
    length, expected = wide.box_length, []
    for (x, y), diameter in zip(wide.positions, wide.diameters, strict=True):
        for row in range(-2, 3):
            for column in range(-3, 4):
                centre = np.array([x + column * length + row * wide.tilt, y + row * length])
                if (np.abs(centre - length / 2) < (length + diameter) / 2).all():
                    expected.append(centre)
    assert len(found) == len(expected) > len(wide.positions)
    np.testing.assert_allclose(
        sorted(found.tolist()), sorted(map(np.ndarray.tolist, expected)), atol=1e-12
    )


def label_texts(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_figure1_shows_every_temperature_with_standard_deviations(tables):
    figure = plotting.figure1(tables["overlap"], tables["energy"], tables["critical"])
    upper, lower = figure.axes[:2]
    assert [f"$T={t:g}$" in label_texts(upper) for t in TEMPERATURES] == [True] * 3
    assert len(upper.containers) == len(lower.containers) == 3
    line, _, (bars,) = upper.containers[0].lines
    np.testing.assert_allclose(line.get_xdata(), GAMMA[1:])
    np.testing.assert_allclose(line.get_ydata()[0], 0.25 + 0.64 * 0.2 + 0.01, rtol=1e-6)
    heights = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    np.testing.assert_allclose(heights, 2 * 0.01)
    assert upper.get_xscale() == lower.get_xscale() == "log"


def test_figure1_marks_the_overlap_drop_with_its_spread(tables):
    figure = plotting.figure1(tables["overlap"], tables["energy"], tables["critical"])
    upper, lower = figure.axes[:2]
    for axes in (upper, lower):
        verticals = [
            line
            for line in axes.lines
            if len(line.get_xdata()) == 2 and np.ptp(line.get_xdata()) == 0
        ]
        assert [line.get_xdata()[0] for line in verticals] == pytest.approx([0.05])
        (band,) = axes.patches
        assert band.get_x() == pytest.approx(0.04)
        assert band.get_width() == pytest.approx(0.02)
    assert r"$\gamma_c=0.050\pm0.010$" in label_texts(upper)


def test_figure1_gives_no_spread_where_one_sample_has_none(tables):
    alone = tables["critical"].assign(sd=np.nan)
    upper = plotting.figure1(tables["overlap"], tables["energy"], alone).axes[0]
    assert r"$\gamma_c=0.050$" in label_texts(upper)


def test_figure1_without_a_critical_strain_marks_none(tables):
    undefined = tables["critical"].assign(defined=False)
    figure = plotting.figure1(tables["overlap"], tables["energy"], undefined)
    assert not figure.axes[0].patches
    assert not any("gamma_c" in text for text in label_texts(figure.axes[0]))


def test_figure1_draws_the_random_line_dashed_and_stress_beside_the_energy_slope(tables):
    figure = plotting.figure1(tables["overlap"], tables["energy"], tables["critical"])
    (random,) = [line for line in figure.axes[0].lines if line.get_label() == "random"]
    assert random.get_linestyle() == "--"
    np.testing.assert_allclose(random.get_ydata(), 0.2)
    (inset,) = figure.axes[1].child_axes
    stress = inset.containers[0].lines[0]
    curves = [line for line in inset.lines if len(line.get_xdata()) == len(GAMMA) - 1]
    slope = next(line for line in curves if line.get_linestyle() == "-")
    np.testing.assert_allclose(np.subtract(slope.get_ydata(), stress.get_ydata()), 0.01)


def test_figure2_has_the_five_overlaps(tables):
    figure = plotting.figure2(tables["temperature"])
    (axes,) = figure.axes
    assert len(axes.containers) == 4
    expensive, cheap = axes.containers[0].lines[0], axes.containers[2].lines[0]
    assert list(expensive.get_xdata()) == [0.6, 1.0]
    assert list(cheap.get_xdata()) == list(TEMPERATURES)
    assert r"$O_{\mathrm{DW,RND}}$" in label_texts(axes)
    (random,) = [line for line in axes.lines if line.get_label() == r"$O_{\mathrm{DW,RND}}$"]
    np.testing.assert_allclose(random.get_ydata(), 0.2)


def test_figure3_draws_particles_at_their_size_and_across_the_boundary():
    made = maps()
    figure = plotting.figure3(made)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert len(panels) == 4
    for axes in panels:
        (discs,) = [found for found in axes.collections if isinstance(found, EllipseCollection)]
        assert axes.get_xlim() == axes.get_ylim() == (0, made.box_length)
        assert axes.get_aspect() == 1
        assert set(2 * np.asarray(discs._widths)) == {1.0, 1.4}  # matplotlib keeps half axes
        centres = discs.get_offsets()
        assert len(centres) > len(made.positions)
        reach = 0.7
        assert centres.min() > -reach and centres.max() < made.box_length + reach


def test_figure3_arrows_point_along_the_nonaffine_displacement():
    made = maps()
    figure = plotting.figure3(made)
    (quiver,) = [
        found for axes in figure.axes for found in axes.collections if isinstance(found, Quiver)
    ]
    size = np.linalg.norm(made.nonaffine, axis=1)
    larger = made.nonaffine[size >= np.median(size)]
    np.testing.assert_allclose(
        np.arctan2(quiver.V, quiver.U), np.arctan2(larger[:, 1], larger[:, 0]), rtol=1e-12
    )


def test_figure3_maps_what_is_known():
    made = maps()
    figure = plotting.figure3(replace(made, debye_waller=None))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert [title[:3] for title in titles] == ["(a)", "(b)", "(c)"]
    assert not any("Debye" in title for title in titles)
    assert len(figure.axes) == 6  # with their colour bars
    (arrowed,) = [
        axes for axes in figure.axes if any(isinstance(c, Quiver) for c in axes.collections)
    ]
    assert "|d_i|" in arrowed.get_title()
    nowhere = plotting.figure3(replace(made, temperature=np.nan))
    assert "nan" not in nowhere.axes[0].get_title()


def test_figure4_separates_the_strains_of_the_scan(tables):
    modes = tables["modes"].copy()
    near = modes["gamma"] == 0.08
    modes.loc[near, "overlap"] += 0.1
    (axes,) = plotting.figure4(modes).axes
    (inset,) = axes.child_axes
    main, small = (panel.containers[0].lines[0] for panel in (axes, inset))
    np.testing.assert_allclose(main.get_xdata(), [0.5, 2.0, 10.0])
    np.testing.assert_allclose(np.subtract(small.get_ydata(), main.get_ydata()), 0.1)


def test_nonaffine_displacements_stand_beside_the_share_of_switched_basins(tables):
    small = r"$\gamma=10^{-4}$, $N=100$: 0, 0, 67"
    (two,) = plotting.figure2(tables["temperature"]).axes
    (four,) = plotting.figure4(tables["modes"]).axes
    heading, *shares = two.get_title("right").splitlines()
    assert heading.endswith("basin switched, in %, from $T=0.46$ to $1$") and shares == [small]
    shares = four.get_title("right").splitlines()[1:]
    assert shares == [small, r"$\gamma=0.08$, $N=100$: 100, 100, 100"]
    larger = tables["temperature"].assign(n_particles=400, switched=True)
    (both,) = plotting.figure2(pd.concat([tables["temperature"], larger])).axes
    shares = both.get_title("right").splitlines()[1:]
    assert shares == [small, r"$\gamma=10^{-4}$, $N=400$: 100, 100, 100"]


def test_equal_tables_give_equal_bytes(tables, tmp_path):
    for name in ("one", "two"):
        figure = plotting.figure2(tables["temperature"])
        plotting.save(figure, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
    for suffix in ("pdf", "png"):
        one, two = (tmp_path / f"{name}.{suffix}" for name in ("one", "two"))
        assert one.stat().st_size > 1000
        assert one.read_bytes() == two.read_bytes()
    assert b"CreationDate" not in (tmp_path / "one.pdf").read_bytes()


def test_drawing_leaves_the_callers_settings_alone(tables):
    import matplotlib as mpl

    before = mpl.rcParams["font.size"]
    mpl.rcParams["font.size"] = 23
    try:
        figure = plotting.figure2(tables["temperature"])
        assert mpl.rcParams["font.size"] == 23
        assert figure.axes[0].yaxis.label.get_size() == 9
    finally:
        mpl.rcParams["font.size"] = before


@pytest.mark.parametrize(
    "backend", ["module://matplotlib_inline.backend_inline", "none_such", "svg"]
)
def test_no_backend_is_needed(tmp_path, backend):
    """Notebooks name one that other environments have not."""
    code = """
import sys
from softmodes import command
assert "matplotlib" not in sys.modules
from softmodes import plotting
plotting.save(plotting._figure(1, 1), "drawn.pdf", "drawn.png")
assert "matplotlib.pyplot" not in sys.modules
import os, matplotlib
assert os.environ["MPLBACKEND"] != "svg" or matplotlib.get_backend() == "svg"
"""
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ
        | {"MPLBACKEND": backend, "PYTHONPATH": str(Path(__file__).parents[1] / "workflow")},
        check=True,
    )
    assert {path.name for path in tmp_path.iterdir()} == {"drawn.pdf", "drawn.png"}
