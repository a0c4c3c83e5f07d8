"""Figures 5 and 6 of small made-up tables: what must be seen is drawn where it is."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up import AMPLITUDES, DISTANCES, RELAXATION_TIME, beyond_like, changed
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from test_figures import crossed, curves, label_texts, texts

from softmodes.report import beyond, drawing, figures_beyond
from softmodes.report.beyond import BeyondTables

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tables() -> BeyondTables:
    return beyond_like(noise=0.0)


STUDY = pd.DataFrame({"temperature": [0.36, 0.4, 0.43, 0.46, 0.5, 0.6, 1.0, 2.0]})
STUDY["n_particles"] = 2000
"""What of the study's table `state_points` the figures need."""


def drawn_from(tables: BeyondTables) -> dict[int, Figure]:
    return {
        5: figures_beyond.figure5(tables.landscape, tables.gamma_c_trends, STUDY),
        6: figures_beyond.figure6(tables.cyclic_shear, tables.gamma_c_trends, STUDY),
    }


@pytest.fixture(scope="module")
def drawn(tables) -> dict[int, Figure]:
    return drawn_from(tables)


def verticals(axes) -> list[float]:
    return [line.get_xdata()[0] for line in axes.lines if vertical(line)]


def horizontals(axes, style: str) -> list[float]:
    return [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == style]


def bands(axes) -> list[tuple[float, float]]:
    found = [patch for patch in axes.patches if not isinstance(patch, StepPatch)]
    return [(band.get_x(), band.get_x() + band.get_width()) for band in found]


def bars(axes) -> list[tuple[float, float]]:
    """Ends of the intervals at the foot of an axes."""
    transform = axes.get_xaxis_transform()
    return [
        tuple(line.get_xdata())
        for line in axes.lines
        if line.get_solid_capstyle() == "butt"
        and line.get_transform() == transform
        and np.ptp(line.get_ydata()) == 0
    ]


def overlap(distance):
    return 1 / (1 + 2 * np.asarray(distance))


def test_figure5_has_overlap_against_time_in_relaxation_times(tables, drawn):
    first = drawn[5].axes[0]
    lags = 2.0 ** np.arange(10)
    for line, temperature in zip(curves(first), (0.4, 0.5), strict=True):
        shifted = np.log(line.get_xdata() * RELAXATION_TIME / lags)
        np.testing.assert_allclose(shifted, shifted[0], atol=1e-9)
        assert abs(shifted[0]) < np.log(2) / 2
        expected = 0.2 + 0.8 * overlap(0.1 * lags**0.5 * (temperature / 0.4) ** 4)
        np.testing.assert_allclose(line.get_ydata(), expected)
    assert horizontals(first, "--") == [pytest.approx(0.2)]


def test_figure5_error_bars_are_standard_deviations():
    given = beyond_like(noise=0.05)
    first = drawn_from(given)[5].axes[0]
    rows = given.landscape[
        (given.landscape["observable"] == "overlap_by_time")
        & (given.landscape["mode_fraction"] == 0.025)
        & (given.landscape["n_particles"] == 2000)
        & (given.landscape["temperature"] == 0.4)
    ]
    _, _, (bars,) = first.containers[0].lines
    heights = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    np.testing.assert_allclose(heights, 2 * rows.groupby("x")["value"].std())


def test_figure5_sets_dynamics_and_shear_at_equal_distances(drawn):
    second = drawn[5].axes[1]
    dynamics, sheared = curves(second)[:2], curves(second)[2:]
    assert len(sheared) == 2
    for line in dynamics:
        np.testing.assert_allclose(line.get_ydata(), overlap(DISTANCES[DISTANCES > 0.01]))
    for line, other in zip(sheared, dynamics, strict=True):
        gamma = line.get_xdata() / 5
        assert gamma.min() == pytest.approx(1e-4)
        assert gamma.max() == pytest.approx(1.0)
        np.testing.assert_allclose(line.get_ydata(), overlap(5 * gamma))
        assert line.get_color() == other.get_color()
        assert (line.get_linestyle(), other.get_linestyle()) == ("--", "-")
    assert second.get_xlim()[0] == 1e-3
    assert verticals(second) == [pytest.approx(0.35)]
    assert bands(second) == [pytest.approx((0.95 * 0.35, 1.05 * 0.35))]


def test_figure5_shows_how_pairs_are_distributed(drawn):
    _, _, third, fourth, _ = drawn[5].axes
    for axes, mean, edges in (
        (third, {False: 0.5, True: 0.8}, (0, 1)),
        (fourth, {False: math.log(0.35), True: math.log(0.05)}, (1e-3, 10)),
    ):
        steps = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
        outlines = [patch for patch in steps if not patch.get_fill()]
        assert len(outlines) == 2
        assert len(steps) == 3  # the first is filled too
        for patch, within in zip(outlines, (True, False), strict=True):
            values, places, _ = patch.get_data()
            assert (places[0], places[-1]) == pytest.approx(edges)
            assert values.sum() == pytest.approx(1)
            if axes is fourth:
                places = np.log(places)
            found = values @ (places[1:] + places[:-1]) / 2
            assert found == pytest.approx(mean[within], abs=0.05)
    assert "N = 200, T = 0.4" in drawn[5].get_label()
    names = [text.get_text() for text in third.get_legend().get_texts()]
    assert names == ["within", "between"]


def test_figure5_shows_changes_of_rank_of_all_sizes(drawn):
    last = drawn[5].axes[4]
    heights = {round(height, 6) for line in curves(last) for height in line.get_ydata()}
    assert heights == {0.9, 0.6, 0.3}
    # of N = 200 one temperature, of N = 2000 two
    assert [len(line.get_xdata()) for line in curves(last)] == [1, 1, 1, 2, 2, 2]
    assert horizontals(last, "--") == [1.0]


def test_a_temperature_has_the_symbol_that_it_has_throughout_the_study(drawn):
    symbols = drawing.symbols(STUDY)
    for figure in drawn.values():
        for line, temperature in zip(curves(figure.axes[0]), (0.4, 0.5), strict=True):
            own = {"color": line.get_color(), "marker": line.get_marker()}
            assert own == symbols[temperature]


def test_a_size_has_the_filling_that_it_has_throughout_the_study(drawn):
    """That of N = 2000 is filled, whatever stands beside it."""
    for figure, others in ((drawn[5], "$N=200$"), (drawn[6], "$N=500$")):
        (legend,) = figure.legends
        named = dict(zip(label_texts(figure), legend.legend_handles, strict=True))
        assert named[others].get_markerfacecolor() == "white"
    (legend,) = drawn[5].legends
    named = dict(zip(label_texts(drawn[5]), legend.legend_handles, strict=True))
    assert named["$N=2000$"].get_markerfacecolor() == "0.25"
    two = drawing.fillings(
        STUDY.assign(n_particles=500), pd.DataFrame({"n_particles": [2000, 8000]})
    )
    assert list(two) == [500]
    assert two[500] not in list(
        drawing.fillings(pd.DataFrame({"n_particles": [2000, 8000]})).values()
    )


def test_figure6_shows_what_runs_come_to(tables, drawn):
    runs = beyond.steady(tables.cyclic_shear)
    for axes, name in zip(drawn[6].axes, ("energy", "distance", "overlap"), strict=True):
        for line, temperature in zip(curves(axes), (0.4, 0.5), strict=True):
            own = runs[runs["temperature"] == temperature].groupby("amplitude")[name].mean()
            np.testing.assert_allclose(line.get_ydata(), own, err_msg=name)
    upper = drawn[6].axes[0]
    assert horizontals(upper, ":") == pytest.approx([1.98, 2.0])


def test_figure6_marks_both_strains_with_their_intervals():
    given = beyond_like(noise=0.0)
    frame = given.cyclic_shear
    # half the samples come back up to another amplitude
    more = frame["period"].where((frame["sample"] % 2 == 0) | (frame["amplitude"] != 0.075), 1)
    given = changed(given, cyclic_shear=frame.assign(period=more))
    figure = drawn_from(given)[6]
    value = (0.065 * 0.075**2 * 0.09) ** 0.25
    for axes in figure.axes:
        assert verticals(axes) == pytest.approx([0.07, value, value])
    first, *others = bars(figure.axes[0])
    assert first == pytest.approx((0.95 * 0.07, 1.05 * 0.07))
    assert len(others) == 2
    named = [text for text in label_texts(figure) if "_c" in text]
    amplitudes = [f"$T={t}$, $A_c={value:.3f}$" for t in (0.4, 0.5)]
    assert named == [r"$\gamma_c=0.070$", *amplitudes]
    low, high = others[0]
    # bounds of single samples lie to either side of their mean
    for end, one, other in ((low, 0.065, 0.075), (high, 0.075, 0.09)):
        outwards = abs(np.log(end / math.sqrt(one * other)))
        assert outwards == pytest.approx(2.5706 * 0.5 * np.log(other / one) / math.sqrt(5), 1e-4)
    assert low < math.sqrt(0.065 * 0.075) < math.sqrt(0.075 * 0.09) < high


def test_without_critical_strains_none_is_marked(tables):
    runs = tables.cyclic_shear
    unknown = changed(
        tables,
        gamma_c_trends=tables.gamma_c_trends.assign(value=np.nan),
        cyclic_shear=runs.assign(period=0),
    )
    figures = drawn_from(unknown)
    assert not any(verticals(axes) or bands(axes) for axes in figures[5].axes)
    assert "No critical strain could be determined" in figures[5].get_label()
    # none came back at the smallest amplitude: a bound is all there is
    named = [text for text in label_texts(figures[6]) if "_c" in text]
    assert named == [f"$T={t}$, $A_c<{min(AMPLITUDES):.3f}$" for t in (0.4, 0.5)]


def test_amplitudes_without_an_upper_bound_are_so_marked(tables):
    frame = tables.cyclic_shear
    always = changed(tables, cyclic_shear=frame.assign(period=1))
    figure = drawn_from(always)[6]
    named = [text for text in label_texts(figure) if "A_c" in text]
    assert named == [f"$T={t}$, $A_c>{max(AMPLITUDES):.3f}$" for t in (0.4, 0.5)]
    right = figure.axes[0].get_xlim()[1]
    assert [high for _, high in bars(figure.axes[0])[1:]] == pytest.approx([right] * 2)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("samples", [1, 6])
@pytest.mark.parametrize(
    ("landscapes", "cycled"),
    [
        (((200, 0.4),), ((500, 0.4),)),
        (((200, 0.4), (2000, 0.4), (2000, 0.5)), ((500, 0.4), (500, 2.0))),
        (
            tuple(itertools.product((200, 2000), (0.36, 0.4, 0.43, 0.46, 0.5, 0.6, 1.0))),
            ((500, 0.36), (500, 2.0), (2000, 0.4)),
        ),
    ],
)
def test_nothing_covers_anything(landscapes, cycled, samples):
    """Texts lie within the figure, apart from each other and from the data."""
    given = beyond_like(landscapes, cycled, samples, noise=0.03)
    for number, figure in drawn_from(given).items():
        figure.draw_without_rendering()
        seen = texts(figure)
        own = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
        seen += [text for legend in own for text in legend.texts]
        boxes = [text.get_window_extent() for text in seen]
        for text, box in zip(seen, boxes, strict=True):
            assert figure.bbox.x0 <= box.x0, text
            assert box.x1 <= figure.bbox.x1, text
            assert figure.bbox.y0 <= box.y0, text
            assert box.y1 <= figure.bbox.y1, text
        for (one, first), (two, second) in itertools.combinations(zip(seen, boxes, strict=True), 2):
            assert not first.overlaps(second), (number, one, two)
        frames = [legend.get_window_extent() for legend in figure.legends]
        frames += [
            axes.get_legend().get_window_extent() for axes in figure.axes if axes.get_legend()
        ]
        for frame, axes in itertools.product(frames, figure.axes):
            assert not frame.overlaps(axes.bbox)
            assert not crossed(frame, axes)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "lacking",
    [
        {"observable": "relaxation_time"},
        {"observable": "overlap_by_distance"},
        {"observable": "rank_change"},
        {"relation": "between"},
        {"relation": "shear"},
    ],
    ids=lambda lacking: next(iter(lacking.values())),
)
def test_what_could_not_be_had_leaves_its_place_empty(tables, drawn, lacking):
    frame = tables.landscape
    ((column, value),) = lacking.items()
    unknown = frame.assign(value=frame["value"].where(frame[column] != value))
    figure = figures_beyond.figure5(unknown, tables.gamma_c_trends, STUDY)
    figure.draw_without_rendering()
    assert n_points(figure) < n_points(drawn[5])


def n_points(figure: Figure) -> int:
    return sum(len(line.get_xdata()) for axes in figure.axes for line in axes.lines)


def test_no_room_is_left_above_the_data(drawn):
    for number, figure in drawn.items():
        for index, axes in enumerate(figure.axes):
            row = [axes, *axes.get_shared_y_axes().get_siblings(axes)]
            found = [path for one in row for path in (*one.lines, *one.patches)]
            heights = [
                one.get_data().values if isinstance(one, StepPatch) else one.get_ydata()
                for one in found
                if isinstance(one, StepPatch) or (isinstance(one, Line2D) and not vertical(one))
            ]
            low, high = axes.get_ylim()
            assert np.max(np.concatenate(heights)) > high - 0.1 * (high - low), (number, index)


def vertical(line: Line2D) -> bool:
    x = np.asarray(line.get_xdata(), dtype=float)
    return x.size == 2 and x[0] == x[1]


def test_captions_stand_in_the_files_and_on_the_pages(drawn, tmp_path):
    for number, figure in drawn.items():
        png = tmp_path / f"fig{number}.png"
        drawing.save(figure, png)
        assert drawing.caption(png) == figure.get_label()
        assert figure.get_label().startswith("Error bars are standard deviations over samples")
        assert "95 %" in figure.get_label()
        prose = (ROOT / "workflow" / "report" / f"figure{number}.rst").read_text(encoding="utf-8")
        assert "standard" not in prose
