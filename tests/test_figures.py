"""Figures of small made-up tables: what must be seen is drawn, equal tables give equal files."""

import io
import itertools
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.quiver import Quiver
from matplotlib.text import Text

from softmodes.errors import InputError
from softmodes.report import drawing, figures, figures_beyond, pages
from softmodes.report.maps import Maps
from softmodes.stages import maps as stage
from softmodes.study import storage
from softmodes.study.storage import StateFile

ROOT = Path(__file__).parents[1]
GAMMA = np.array([0.0, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.3, 1.0])
TEMPERATURES = (0.46, 0.6, 1.0)
TWELVE = (0.36, 0.38, 0.4, 0.43, 0.46, 0.5, 0.55, 0.6, 0.8, 1.0, 1.5, 2.0)
CONTROLS = {"n_modes": 2, "random": 0.2, "within_species": 0.23}


def product(**columns) -> pd.DataFrame:
    """A row for each combination of the columns' values."""
    return pd.DataFrame(itertools.product(*columns.values()), columns=list(columns))


def made(sizes=(100,), temperatures=TEMPERATURES, n_samples=3) -> dict[str, pd.DataFrame]:
    """Tables in which sample s lies s above sample 0, in hundredths of whatever is drawn."""
    states = {
        "n_particles": sizes,
        "temperature": temperatures,
        "sample": range(n_samples),
    }
    overlap = product(**states, quantity=["DW_p"], gamma=GAMMA).assign(**CONTROLS)
    t, gamma, sample = overlap["temperature"], overlap["gamma"], overlap["sample"]
    drop = 1 / (1 + (gamma / 0.05) ** 3)
    overlap["overlap"] = 0.25 + (1.1 - t).clip(0) * 0.2 * drop + 0.01 * sample
    energy = overlap[[*states, "gamma"]].assign(
        normalised_energy=1.02 - 0.02 * drop,
        shear_stress=gamma * drop,
        energy_slope=gamma * drop + 0.01,
    )
    critical = product(
        n_particles=sizes,
        temperature=temperatures,
        estimator=["overlap_drop", "stress_maximum"],
        what=["ensemble", "sample"],
    )
    cold = critical["temperature"] < 0.5
    drops = critical["estimator"] == "overlap_drop"
    ensemble = critical["what"] == "ensemble"
    critical["value"] = np.where(~drops, 0.4, np.where(~ensemble, 0.3, np.where(cold, 0.05, 0.9)))
    critical["value"] *= (critical["n_particles"] / min(sizes)) ** 0.1
    critical["lower"], critical["upper"] = 0.8 * critical["value"], 1.3 * critical["value"]
    critical["sd"], critical["defined"] = 0.01, critical["temperature"] < 1
    quantities = ["DP_pq", "DP_pdq", "DW_pq", "DW_d", "DW_lin"]
    against_t = product(**states, quantity=quantities).assign(**CONTROLS, gamma=1e-4)
    t, sample = against_t["temperature"], against_t["sample"]
    against_t["overlap"] = 0.5 - 0.2 * t.clip(upper=1)
    against_t["switched"] = (t > 0.9) & (sample > 0)
    linear = against_t["quantity"] == "DW_lin"
    against_t.loc[linear, ["overlap", "gamma", "switched"]] = 0.4, 0.0, False
    against_t = against_t[(t > 0.5) | against_t["quantity"].str.startswith("DW")]
    modes = product(
        **states, quantity=["DW_p", "d_p", "lin_p"], gamma=[1e-4, 0.08], n_modes=[1, 4, 20]
    )
    modes["mode_fraction"] = modes["n_modes"] / 200
    modes = modes.assign(random=0.2, within_species=0.23)
    modes["overlap"] = 0.3 + 0.01 * modes["n_modes"] + 0.1 * (modes["quantity"] == "lin_p")
    hot = (modes["temperature"] > 0.9) & (modes["sample"] > 0)
    modes["switched"] = (modes["gamma"] > 0.01) | hot
    response = product(**states, n_modes=[1, 4, 20])
    response["mode_fraction"] = response["n_modes"] / (2 * response["n_particles"])
    response["fraction"] = 0.7 - 0.5 / response["n_modes"] + 0.01 * response["sample"]
    response["random"] = 0.8 - 0.5 / response["n_modes"]
    return {
        "overlap": overlap,
        "energy": energy,
        "critical": critical,
        "temperature": against_t,
        "modes": modes,
        "response": response,
        "states": product(n_particles=sizes, temperature=temperatures),
    }


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return made()


def drawn_from(tables: dict[str, pd.DataFrame]) -> dict[int, Figure]:
    return {
        1: figures.figure1(tables["overlap"], tables["energy"], tables["critical"]),
        2: figures.figure2(tables["temperature"]),
        4: figures.figure4(tables["modes"]),
        7: figures_beyond.figure7(tables["response"], tables["states"]),
    }


def maps() -> Maps:
    rng = np.random.default_rng(3)
    n, length = 40, 7.0
    return Maps(
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
        for collection in figures.figure_of_maps(wide).axes[0].collections
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


def label_texts(figure) -> list[str]:
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def curves(axes) -> list[Line2D]:
    """The lines through the means, in the order of drawing."""
    return [container.lines[0] for container in axes.containers]


def symbol(line) -> tuple:
    return line.get_marker(), line.get_color()


def test_figure1_shows_every_temperature_with_standard_deviations(tables):
    figure = drawn_from(tables)[1]
    assert [f"$T={t:g}$" in label_texts(figure) for t in TEMPERATURES] == [True] * 3
    assert [len(axes.containers) for axes in figure.axes] == [3, 3, 3]
    upper = figure.axes[0]
    assert len(upper.containers[0].lines[0].get_xdata()) == len(GAMMA) - 1
    for container, temperature in zip(upper.containers, TEMPERATURES, strict=True):
        line, _, (bars,) = container.lines
        plateau = 0.25 + (1.1 - temperature) * 0.2 + 0.01
        np.testing.assert_allclose(line.get_ydata()[0], plateau, rtol=1e-6)
        heights = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
        np.testing.assert_allclose(heights, 2 * 0.01)
    assert {axes.get_xscale() for axes in figure.axes} == {"log"}


def test_figure1_shows_six_of_many_temperatures():
    figure = drawn_from(made(temperatures=TWELVE))[1]
    named = [text for text in label_texts(figure) if text.startswith("$T=")]
    assert named == [f"$T={t:g}$" for t in (0.36, 0.4, 0.46, 0.6, 1.0, 2.0)]
    assert len(figure.axes[0].containers) == 6


def test_figure1_marks_the_overlap_drop_of_each_size_with_its_interval():
    tables = made(sizes=(100, 400))
    figure = drawn_from(tables)[1]
    values = [0.05, 0.05 * 4**0.1]
    for axes in figure.axes:
        verticals = [
            line.get_xdata()[0]
            for line in axes.lines
            if len(line.get_xdata()) == 2 and np.ptp(line.get_xdata()) == 0
        ]
        assert verticals == pytest.approx(values)
        bands = [(band.get_x(), band.get_x() + band.get_width()) for band in axes.patches]
        assert bands == [pytest.approx((0.8 * value, 1.3 * value)) for value in values]
    names = [text.get_text() for text in figure.axes[0].texts]
    assert names == [r"$\gamma_c=0.050$, $N=100$", r"$\gamma_c=0.057$, $N=400$"]
    assert not any("gamma_c" in text for text in label_texts(figure))
    assert "(T = 0.46 for N = 100, T = 0.46 for N = 400)" in figure.get_label()
    assert "95 % intervals" in figure.get_label()


def test_figure1_without_an_interval_draws_no_band(tables):
    alone = tables["critical"].assign(lower=np.nan, upper=np.nan)
    upper = figures.figure1(tables["overlap"], tables["energy"], alone).axes[0]
    assert [text.get_text() for text in upper.texts] == [r"$\gamma_c=0.050$, $N=100$"]
    assert not any(np.isfinite(band.get_width()) for band in upper.patches)


def test_figure1_without_a_critical_strain_marks_none(tables):
    undefined = tables["critical"].assign(defined=False)
    figure = figures.figure1(tables["overlap"], tables["energy"], undefined)
    assert not figure.axes[0].patches
    assert not figure.axes[0].texts
    assert figure.get_label().endswith("No critical strain could be determined.")


def test_figure1_draws_the_random_line_dashed_and_stress_beside_the_energy_slope(tables):
    figure = drawn_from(tables)[1]
    upper, _, lower = figure.axes
    (random,) = [line for line in upper.lines if line.get_linestyle() == "--"]
    np.testing.assert_allclose(random.get_ydata(), 0.2)
    (slope,) = [line for line in lower.lines if line.get_linestyle() == "-."]
    near = GAMMA >= 0.01
    np.testing.assert_allclose(slope.get_xdata(), GAMMA[near])
    stress = curves(lower)[0].get_ydata()[near[1:]]
    np.testing.assert_allclose(slope.get_ydata() - stress, 0.01)
    assert slope.get_color() == curves(lower)[0].get_color()
    assert r"$\rho\,de_{\mathrm{IS}}/d\gamma$" in label_texts(figure)
    assert "of the energy at T = 0.46." in figure.get_label()


def test_figure2_has_the_six_overlaps(tables):
    figure = drawn_from(tables)[2]
    (axes,) = figure.axes
    drawn = curves(axes)
    assert [len(line.get_xdata()) for line in drawn] == [2, 2, 3, 3, 3]
    np.testing.assert_allclose(drawn[4].get_ydata(), 0.4)
    assert r"$O_{\mathrm{DW},|d_{\mathrm{lin}}|}$" in label_texts(figure)
    (random,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    np.testing.assert_allclose(random.get_ydata(), 0.2)
    assert "random" in label_texts(figure)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [1, 2, 4])
def test_overlaps_that_could_not_be_had_leave_their_axes_empty(tables, number):
    names = ("overlap", "temperature", "modes")
    unknown = {name: tables[name].assign(overlap=np.nan) for name in names}
    figure = drawn_from(tables | unknown)[number]
    figure.draw_without_rendering()
    assert np.isfinite([(*axes.get_xlim(), *axes.get_ylim()) for axes in figure.axes]).all()


def test_figure3_draws_particles_at_their_size_and_across_the_boundary():
    made = maps()
    figure = figures.figure_of_maps(made)
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
        assert centres.min() > -reach
        assert centres.max() < made.box_length + reach


def test_figure3_arrows_point_along_the_nonaffine_displacement():
    made = maps()
    figure = figures.figure_of_maps(made)
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
    figure = figures.figure_of_maps(replace(made, debye_waller=None))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert [title[:3] for title in titles] == ["(a)", "(b)", "(c)"]
    assert not any("Debye" in title for title in titles)
    assert len(figure.axes) == 6  # with their colour bars
    (arrowed,) = [
        axes for axes in figure.axes if any(isinstance(c, Quiver) for c in axes.collections)
    ]
    assert "|d_i|" in arrowed.get_title()
    nowhere = figures.figure_of_maps(replace(made, temperature=np.nan))
    assert "nan" not in nowhere.axes[0].get_title()


def test_figure4_separates_strains_and_fields(tables):
    modes = tables["modes"].copy()
    modes.loc[modes["gamma"] == 0.08, "overlap"] += 0.1
    panels = np.reshape(figures.figure4(modes).axes, (2, 3))
    overlaps = np.array([[curves(axes)[0].get_ydata() for axes in row] for row in panels])
    np.testing.assert_allclose(overlaps[0, 0], [0.31, 0.34, 0.5])
    np.testing.assert_allclose(overlaps[0, 2] - overlaps[0, 1], 0.1)  # the linear response
    np.testing.assert_allclose(overlaps[1] - overlaps[0], 0.1)
    names = [axes.get_title() for axes in panels[0]]
    assert [name.count("lin") for name in names] == [0, 0, 1]
    assert "|d|" in names[1]
    assert [row[0].get_ylabel() for row in panels] == [
        r"overlap, $\gamma=10^{-4}$",
        r"overlap, $\gamma=0.08$",
    ]


def test_figure7_shows_fractions_with_those_of_random_forces(tables):
    cold = tables["response"][tables["response"]["temperature"] < 0.9]
    figure = figures_beyond.figure7(cold, tables["states"])
    (axes,) = figure.axes
    drawn = curves(axes)
    assert [len(line.get_xdata()) for line in drawn] == [3, 3]
    for line in drawn:
        np.testing.assert_allclose(line.get_ydata(), 0.71 - 0.5 / np.array([1, 4, 20]))
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    for line in dashed:
        np.testing.assert_allclose(line.get_xdata(), [0.5, 2, 10])
        np.testing.assert_allclose(line.get_ydata(), 0.8 - 0.5 / np.array([1, 4, 20]))
    assert [line.get_color() for line in dashed] == [line.get_color() for line in drawn]
    # of three temperatures of the study
    of_all = curves(drawn_from(tables)[7].axes[0])
    assert [symbol(line) for line in drawn] == [symbol(line) for line in of_all[:2]]


@pytest.mark.parametrize("temperatures", [TWELVE, TEMPERATURES])
def test_a_temperature_has_one_symbol_throughout(temperatures):
    figures = drawn_from(made(sizes=(100, 400), temperatures=temperatures))
    named = []
    for number in (1, 4):
        (legend,) = figures[number].legends
        handles = zip(label_texts(figures[number]), legend.legend_handles, strict=True)
        symbols = {text: symbol(handle) for text, handle in handles if text.startswith("$T=")}
        named.append(symbols)
        drawn = {symbol(line) for axes in figures[number].axes for line in curves(axes)}
        assert drawn == set(symbols.values())
        assert len(drawn) == len(symbols)
    assert named[1].items() <= named[0].items()


def test_sizes_are_told_apart_by_their_filling_and_both_named():
    for number, figure in drawn_from(made(sizes=(100, 400))).items():
        (legend,) = figure.legends
        named = dict(zip(label_texts(figure), legend.legend_handles, strict=True))
        small, large = named["$N=100$"], named["$N=400$"]
        assert large.get_markerfacecolor() == "white" != small.get_markerfacecolor()
        for axes in figure.axes:
            open_symbols = [line.get_markerfacecolor() == "white" for line in curves(axes)]
            half = len(open_symbols) // 2
            assert open_symbols == [False] * half + [True] * half, number


def test_curves_are_set_apart_by_less_than_their_points_are():
    tables = made(sizes=(100, 400), temperatures=TWELVE)
    upper = drawn_from(tables)[1].axes[0]
    places = np.log([line.get_xdata() for line in curves(upper)])
    gamma = np.log(GAMMA[1:])
    assert np.all(np.diff(places, axis=0) > 0)
    np.testing.assert_allclose(places.mean(axis=0), gamma, atol=1e-12)
    assert np.all(places[:, :-1].max(axis=0) < (gamma[:-1] + gamma[1:]) / 2)
    assert np.all(places[:, 1:].min(axis=0) > (gamma[:-1] + gamma[1:]) / 2)


def texts(figure) -> list[Text]:
    """All that a reader sees, of the labels of ticks those within their axes."""
    found = [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        found += [*axes.texts, axes.title, axes._left_title, axes._right_title]
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            found.append(axis.label)
            ticks = axis.get_major_ticks() + axis.get_minor_ticks()
            found += [tick.label1 for tick in ticks if low <= tick.get_loc() <= high]
    return [text for text in found if text.get_text() and text.get_visible()]


def crossed(box, axes) -> bool:
    """Whether any line or error bar of the axes passes through a box."""
    paths = [line.get_transform().transform_path(line.get_path()) for line in axes.lines]
    for bars in axes.collections:
        if isinstance(bars, LineCollection):
            paths += map(bars.get_transform().transform_path, bars.get_paths())
    return any(path.intersects_bbox(box, filled=False) for path in paths)


@pytest.mark.parametrize("sizes", [(2000,), (2000, 8000)])
@pytest.mark.parametrize("temperatures", [(0.46,), (0.46, 0.5, 0.6, 0.8, 1.0), TWELVE])
@pytest.mark.parametrize(("n_samples", "spread"), [(2, 0.1), (50, 0.05)])
def test_nothing_covers_anything(sizes, temperatures, n_samples, spread):
    """Texts lie within the figure, apart from each other and from the data."""
    tables = made(sizes, temperatures, n_samples)
    rng = np.random.default_rng(1)
    for name in ("overlap", "temperature", "modes"):
        noise = spread * rng.normal(size=len(tables[name]))
        tables[name]["overlap"] = (tables[name]["overlap"] + noise).clip(0.15, 1)
    fraction = tables["response"]["fraction"]
    tables["response"]["fraction"] = (fraction + spread * rng.normal(size=len(fraction))).clip(0, 1)
    for number, figure in drawn_from(tables).items():
        figure.draw_without_rendering()
        seen = texts(figure)
        boxes = [text.get_window_extent() for text in seen]
        assert len(seen) > 10
        for text, box in zip(seen, boxes, strict=True):
            inside = figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
            assert inside, text
            assert figure.bbox.y0 <= box.y0, text
            assert box.y1 <= figure.bbox.y1, text
        for (one, first), (two, second) in itertools.combinations(zip(seen, boxes, strict=True), 2):
            assert not first.overlaps(second), (number, one, two)
        (legend,) = figure.legends
        frame = legend.get_window_extent()
        for axes in figure.axes:
            assert not frame.overlaps(axes.bbox)
            assert not crossed(frame, axes)
            for text in axes.texts:
                assert not crossed(text.get_window_extent(), axes), text


def test_no_axis_goes_beyond_what_an_overlap_can_be():
    """Though error bars of two samples, one with all and one with none, do."""
    tables = made(n_samples=2)
    extreme = tables | {
        name: frame.assign(**{column: 1.0 * (frame["sample"] > 0)})
        for name, frame in tables.items()
        for column in ("overlap", "fraction")
        if column in frame
    }
    for number, figure in drawn_from(extreme).items():
        for axes in figure.axes[:1] if number == 1 else figure.axes:
            assert axes.get_ylim() == (0, 1.04), number


def test_no_room_is_left_above_or_below_the_data():
    """But for a line of text for each size at the foot of figure 1 (a)."""
    for number, figure in drawn_from(made(sizes=(100, 400))).items():
        for index, axes in enumerate(figure.axes):
            row = [axes, *axes.get_shared_y_axes().get_siblings(axes)]
            bars = [
                bar[:, 1]
                for other in row
                for found in other.containers
                for bar in found.lines[2][0].get_segments()
            ]
            lines = [
                line.get_ydata()
                for other in row
                for line in other.lines
                if line.get_linestyle() in {":", "--", "-."}
            ]
            drawn = np.concatenate(bars + lines)
            low, high = axes.get_ylim()
            foot = 0.16 if (number, index) == (1, 0) else 0.0
            assert drawn.max() > high - 0.1 * (high - low), (number, index)
            assert drawn.min() < low + (0.1 + foot) * (high - low), (number, index)


def test_captions_tell_the_share_of_changed_basins(tables):
    changed = "Samples whose basin γ = 0.0001 changed, N = {}: {}."
    some = changed.format(100, "67 % at T = 1, none at other T")
    drawn = drawn_from(tables)
    for number in (2, 4):
        caption = drawn[number].get_label()
        assert some in caption
        assert "0.08" not in caption  # so far from linear response nobody can tell
    larger = tables["temperature"].assign(
        n_particles=400, switched=tables["temperature"]["gamma"] > 0
    )
    both = figures.figure2(pd.concat([tables["temperature"], larger])).get_label()
    assert some in both
    assert changed.format(400, "100 % at T = 0.46, 100 % at T = 0.6, 100 % at T = 1") in both
    nowhere = figures.figure2(tables["temperature"].assign(switched=False)).get_label()
    assert changed.format(100, "none") in nowhere


def test_only_the_figure_says_what_its_error_bars_are(tables, tmp_path):
    """Its caption goes into its files and from there to its page of the report."""
    for number, figure in drawn_from(tables).items():
        png, pdf, page = (tmp_path / f"fig{number}.{suffix}" for suffix in ("png", "pdf", "html"))
        drawing.save(figure, png, pdf)
        caption = drawing.caption(png)
        assert caption == figure.get_label()
        assert caption.startswith("Error bars are standard deviations over samples")
        assert "γ".encode("utf-16-be") in pdf.read_bytes() or number in (4, 7)
        pages.write_figure(png, f"Figure {number}", caption, path=page)
        assert f"<figcaption>{caption}</figcaption>" in page.read_text(encoding="utf-8")
        prose = (ROOT / "workflow" / "report" / f"figure{number}.rst").read_text(encoding="utf-8")
        assert "figure" in prose
        assert "standard" not in prose


def test_maps_have_a_caption_and_a_picture_without_one_has_none(tmp_path):
    drawing.save(figures.figure_of_maps(maps()), tmp_path / "maps.png")
    assert "2nd and the 99th percentile" in drawing.caption(tmp_path / "maps.png")
    drawing.save(drawing.blank_figure(1, 1), tmp_path / "empty.png")
    assert drawing.caption(tmp_path / "empty.png") == ""


def test_equal_tables_give_equal_bytes(tables, tmp_path):
    for name in ("one", "two"):
        figure = figures.figure2(tables["temperature"])
        drawing.save(figure, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
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
        figure = figures.figure2(tables["temperature"])
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
from softmodes import cli
assert "matplotlib" not in sys.modules
from softmodes.report import drawing, figures
drawing.save(drawing.blank_figure(1, 1), "drawn.pdf", "drawn.png")
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


def state_file(path, **data):
    return StateFile(path, "made-up", {"n_particles": 4}, data, {})


def test_maps_come_back_out_of_their_table():
    """To the last bit, by way of a file."""
    made = maps()
    text = made.table().to_csv(index=False)
    again = Maps.of_table(pd.read_csv(io.StringIO(text)))
    for field in fields(Maps):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(made, field.name))


def test_maps_of_a_tilted_cell_have_no_table():
    with pytest.raises(InputError, match=r"^tilt: 2\.5 given, an untilted cell expected"):
        replace(maps(), tilt=2.5).table()
    unknown = replace(maps(), debye_waller=None)
    assert Maps.of_table(unknown.table()).debye_waller is None


def test_maps_without_the_strain_of_the_scan_are_refused(monkeypatch):
    files = {
        "equilibrium": state_file("equilibrium"),
        "modes.h5": state_file("modes.h5", **{"scan/gamma": np.array([1e-4, 0.06])}),
        "quench.h5": state_file("quench.h5", gamma=np.array([0.0, 1e-3, 0.06])),
    }
    monkeypatch.setattr(storage, "read", lambda path, *_: files[path])
    with pytest.raises(
        InputError, match=r"^quench\.h5: gamma .* found, 0\.0001 of the scan in modes"
    ):
        stage.maps("equilibrium", "", "quench.h5", modes="modes.h5")
