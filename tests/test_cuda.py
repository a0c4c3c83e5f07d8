"""The GPU's kernels, on numba's simulator of a device, against the engine of the CPU.

`NUMBA_ENABLE_CUDASIM=0 pytest tests/test_cuda.py` runs the same tests on a device.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from configurations import jittered_lattice

from softmodes.dynamics import cuda_kernels
from softmodes.dynamics.cuda import Coupling, Run, Systems, equilibrate, run_ensemble
from softmodes.dynamics.equilibration import equilibrate as equilibrate_on_cpu
from softmodes.dynamics.equilibration import schedule
from softmodes.dynamics.isoconfigurational import run_ensemble as run_ensemble_on_cpu
from softmodes.dynamics.trajectory import PhasePoint, Trajectory
from softmodes.errors import InputError
from softmodes.stages import equilibrate_batch
from softmodes.study import storage
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann

ROOT = Path(__file__).parents[1]
MIXTURE = Mixture(cutoff=2.0)
SHORT = Mixture(cutoff=1.5)
STEP = 0.005
SCHEDULE = schedule(0.02, equilibration_time=0.4, n_points=2, barostat_time=0.2)


def liquid(
    temperature: float, seed: int, n_particles: int = 120, mixture: Mixture = MIXTURE
) -> PhasePoint:
    """Particles some steps away from a lattice, large and small ones mixed."""
    velocities = maxwell_boltzmann(n_particles, temperature, np.random.default_rng(seed))
    start = PhasePoint(jittered_lattice(n_particles), velocities)
    trajectory = Trajectory(start, mixture, 0.002)
    for _ in range(20):
        trajectory.advance(20)
        trajectory.velocities *= np.sqrt(n_particles * temperature / trajectory.kinetic_energy)
    return trajectory.phase_point


def at_rest(configuration: Configuration) -> PhasePoint:
    return PhasePoint(configuration, np.zeros_like(configuration.positions))


class Dictated:
    """A generator that gives the numbers it was given, in the order of `Trajectory`."""

    def __init__(self, noise: np.ndarray, with_barostat: bool) -> None:
        self._numbers: Iterator[float] = iter(
            noise[:, : 3 if with_barostat else 2].ravel().tolist()
        )

    def standard_normal(self) -> float:
        return next(self._numbers)

    def chisquare(self, _degrees: float) -> float:
        return next(self._numbers)


class Overheard(np.random.Generator):
    """A generator whose numbers are kept: the velocities, and rows of the noise."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(12))
        self._normals: list[np.ndarray] = []
        self.rows: list[np.ndarray] = []

    def normal(self, *arguments: object) -> np.ndarray:
        self.velocities = super().normal(*arguments)
        return self.velocities

    def standard_normal(self, shape: tuple[int, int]) -> np.ndarray:
        self._normals = super().standard_normal(shape)
        return self._normals

    def chisquare(self, degrees: float, size: int) -> np.ndarray:
        drawn = super().chisquare(degrees, size)
        self.rows += list(np.stack([self._normals[0], drawn, self._normals[1]], axis=1))
        return drawn


class Repeated(np.random.Generator):
    """A generator that gives those numbers in the order of `equilibration.equilibrate`."""

    def __init__(self, overheard: Overheard, n_barostat: int) -> None:
        super().__init__(np.random.PCG64(0))
        self._velocities = overheard.velocities
        rows = enumerate(overheard.rows)
        self._numbers = iter(
            [x for block, row in rows for x in row[: 3 if block < n_barostat else 2].tolist()]
        )

    def normal(self, *_arguments: object) -> np.ndarray:
        return self._velocities

    def standard_normal(self) -> float:
        return next(self._numbers)

    def chisquare(self, _degrees: float) -> float:
        return next(self._numbers)


class StopsOnce:
    """A checkpoint that ends the first run in the middle of the constant-volume stage."""

    def __init__(self) -> None:
        self._state: dict | None = None

    def load(self) -> dict | None:
        return self._state

    def due(self) -> bool:
        return self._state is None or int(self._state["done"]) < 4

    def save(self, **state: object) -> None:
        self._state = {name: np.array(value) for name, value in state.items()}
        if state["done"] == 4:
            raise SystemExit


def noise_for(n_systems: int, n_blocks: int) -> np.ndarray:
    rng = np.random.default_rng(6)
    noise = rng.standard_normal((n_blocks, n_systems, 3))
    noise[:, :, 1] = rng.chisquare(2 * 120 - 3, (n_blocks, n_systems))
    return noise


def test_systems_move_as_they_do_on_the_cpu() -> None:
    starts = [liquid(0.5, 1), liquid(1.0, 2)]
    systems = Systems(starts, MIXTURE, STEP)
    record = systems.advance(1, 4)
    for s, start in enumerate(starts):
        alone = Trajectory(start, MIXTURE, STEP)
        alone.advance(4)
        # float32 pair terms: 1e-6 of forces of some tens, for 0.02 τ
        np.testing.assert_allclose(systems.positions[s], alone.positions, rtol=0, atol=1e-7)
        np.testing.assert_allclose(systems.velocities[s], alone.velocities, rtol=0, atol=5e-6)
        expected = alone.potential_energy / 120, alone.pressure, alone.cell.length
        np.testing.assert_allclose(record[0, s, :3], expected, rtol=1e-6)


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wide lists that are soon outdated, and made from more than one cell."""
    monkeypatch.setattr(cuda_kernels, "WIDE_SKIN", 0.7)
    cuda_kernels.advance_kernel.cache_clear()
    yield
    cuda_kernels.advance_kernel.cache_clear()


@pytest.mark.usefixtures("short_lists")
def test_a_fast_system_finds_new_neighbours() -> None:
    """Particles cross half a skin every few steps, and some the edge of the box."""
    velocities = maxwell_boltzmann(120, 400.0, np.random.default_rng(3))
    fast = PhasePoint(liquid(0.5, 1).configuration, velocities)
    systems = Systems([fast], MIXTURE, 0.0005)
    alone = Trajectory(fast, MIXTURE, 0.0005)
    systems.advance(1, 60)
    alone.advance(60)
    travelled = np.abs(alone.positions - fast.configuration.positions).max()
    assert travelled > cuda_kernels.SKIN
    np.testing.assert_allclose(systems.positions[0], alone.positions, rtol=0, atol=2e-5)


def test_thermostat_and_barostat_act_as_they_do_on_the_cpu() -> None:
    starts, temperatures = [liquid(0.5, 1), liquid(1.0, 2)], 0.7
    noise = noise_for(2, 3)
    systems = Systems(starts, MIXTURE, STEP)
    coupling = Coupling(2 * STEP, temperatures, pressure=13.5)
    record = systems.advance(3, 2, coupling, noise=noise)
    for s, start in enumerate(starts):
        alone, rng = Trajectory(start, MIXTURE, STEP), Dictated(noise[:, s], with_barostat=True)
        for block in range(3):
            alone.advance(2)
            alone.thermostat(temperatures, 2 * STEP, rng)
            pressure = alone.pressure
            alone.barostat(13.5, temperatures, 2 * STEP, rng=rng)
            np.testing.assert_allclose(
                record[block, s, 1:3], (pressure, alone.cell.length), rtol=1e-6
            )
        np.testing.assert_allclose(systems.positions[s], alone.positions, rtol=0, atol=1e-6)
        np.testing.assert_allclose(systems.velocities[s], alone.velocities, rtol=0, atol=1e-5)


def test_bits_do_not_depend_on_the_other_systems() -> None:
    starts, noise = [liquid(0.5, 1), liquid(1.0, 2)], noise_for(2, 2)
    coupling = Coupling(2 * STEP, 0.7, pressure=13.5)
    together, apart = Systems(starts, MIXTURE, STEP), Systems(starts[1:], MIXTURE, STEP)
    record = together.advance(2, 2, coupling, noise=noise)
    alone = apart.advance(2, 2, coupling, noise=noise[:, 1:])
    np.testing.assert_array_equal(record[:, 1:], alone)
    np.testing.assert_array_equal(together.positions[1:], apart.positions)
    np.testing.assert_array_equal(together.velocities[1:], apart.velocities)


def test_a_state_that_was_kept_goes_on_to_the_same_bits() -> None:
    start, noise = liquid(0.5, 1), noise_for(1, 2)
    coupling = Coupling(2 * STEP, 0.7)
    through = Systems([start], MIXTURE, STEP)
    through.advance(1, 2, coupling, noise=noise[:1])
    state = through.state()
    through.advance(1, 2, coupling, noise=noise[1:])
    resumed = Systems([start], MIXTURE, STEP)
    resumed.restore(state)
    resumed.advance(1, 2, coupling, noise=noise[1:])
    np.testing.assert_array_equal(resumed.positions, through.positions)
    np.testing.assert_array_equal(resumed.velocities, through.velocities)


def test_an_equilibration_is_that_of_the_cpu() -> None:
    start, rng = liquid(1.0, 1, 60, SHORT).configuration, Overheard()
    barostat = {"schedule": SCHEDULE, "pressure": 13.5}
    (run,) = equilibrate([start], SHORT, 0.8, generators=[rng], **barostat)
    found = run.equilibration(SHORT, SCHEDULE)
    again = Repeated(rng, SCHEDULE.n_barostat)
    expected = equilibrate_on_cpu(start, SHORT, 0.8, rng=again, **barostat)
    length = expected.end.configuration.cell.length
    assert found.end.configuration.cell.length == pytest.approx(length, rel=1e-7)
    assert len(found.frames) == len(SCHEDULE.frame_blocks)
    for name in ("frames", "frame_time", "time", "energy", "pressures", "inherent_energy"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=1e-5, atol=1e-4, err_msg=name
        )


def test_an_equilibration_that_was_stopped_goes_on_to_the_same_bits() -> None:
    start, checkpoint = liquid(1.0, 1, 60, SHORT).configuration, StopsOnce()

    def go(**options: object) -> Run:
        rng = np.random.default_rng(4)
        barostat = {"schedule": SCHEDULE, "pressure": 13.5}
        return equilibrate([start], SHORT, 0.8, generators=[rng], **barostat, **options)[0]

    through = go()
    with pytest.raises(SystemExit):
        go(checkpoint=checkpoint)
    resumed = go(checkpoint=checkpoint)
    for field in dataclasses.fields(Run)[1:]:
        np.testing.assert_array_equal(getattr(resumed, field.name), getattr(through, field.name))


def test_a_batch_leaves_the_files_of_every_sample(tmp_path: Path) -> None:
    paths = [[tmp_path / stage / f"{s}.h5" for s in range(2)] for stage in ("equilibrium", "r")]
    equilibrate_batch.simulate(
        [],
        *paths,
        samples=[0, 1],
        study="test",
        seed=3,
        n_particles=60,
        temperature=1.0,
        mixture=SHORT,
        start_density=0.7,
        pressure=None,
        schedule=schedule(0.02, 0.2, 2),
        neighbour_distances=(1.45, 1.67, 1.91),
        n_cores=2,
    )
    files = [storage.read(path) for path in paths[0]]
    for sample, file in enumerate(files):
        assert file.attributes["sample"] == sample
        assert file.attributes["backend"] == "cuda"
        assert storage.read_provenance(file.path)["device"]
    assert np.abs(files[0]["positions"] - files[1]["positions"]).max() > 1.0
    assert storage.read(paths[1][1])["self_intermediate_scattering"][0, 0] == pytest.approx(1.0)


@pytest.mark.parametrize("propensity_time", [None, 0.03, 0.025, 0.05])
def test_the_ensemble_is_that_of_the_cpu(propensity_time: float | None) -> None:
    """Within, between and beyond the samples of the Debye-Waller time."""
    found, expected = (
        run(
            liquid(0.5, 1, 60, SHORT).configuration,
            SHORT,
            0.5,
            time_step=STEP,
            n_runs=2,
            debye_waller_time=0.04,
            sampling_interval=0.01,
            random_stream=lambda run: np.random.default_rng([8, run]),
            propensity_time=propensity_time,
        )
        for run in (run_ensemble, run_ensemble_on_cpu)
    )
    np.testing.assert_allclose(found.debye_waller, expected.debye_waller, rtol=1e-4)
    np.testing.assert_allclose(found.debye_waller_halves, expected.debye_waller_halves, rtol=1e-4)
    if propensity_time is None:
        assert found.propensity is None
    else:
        np.testing.assert_allclose(found.propensity, expected.propensity, rtol=1e-4)


@pytest.mark.parametrize("change", [{"n_runs": 3}, {"n_runs": 0}, {"propensity_time": 0.001}])
def test_an_ensemble_is_refused_as_on_the_cpu(change: dict) -> None:
    (name, value), *_ = change.items()
    arguments = {
        "time_step": STEP,
        "n_runs": 2,
        "debye_waller_time": 0.04,
        "sampling_interval": 0.01,
        "random_stream": np.random.default_rng,
    }
    for run in (run_ensemble, run_ensemble_on_cpu):
        with pytest.raises(InputError, match=f"{name}: {value} given"):
            run(jittered_lattice(120), MIXTURE, 0.5, **(arguments | change))


def test_a_crowd_is_refused() -> None:
    lattice = jittered_lattice(120)
    crowd = dataclasses.replace(lattice, positions=lattice.positions * 0.05 % lattice.cell.length)
    with pytest.raises(InputError, match="more than 96 neighbours"):
        Systems([at_rest(crowd)], MIXTURE, 1e-9).advance(1, 1)


def test_a_step_too_long_is_told() -> None:
    systems = Systems([liquid(0.5, 1)], MIXTURE, STEP)
    systems._record[:] = np.full(systems._record.shape, np.nan)
    systems._kernel = {(1, 128, systems._stream, cuda_kernels.shared_bytes(120)): print}
    with pytest.raises(InputError, match="time step too long"):
        systems.advance(1, 1)


def test_a_tilted_cell_is_refused() -> None:
    tilted = jittered_lattice(120).sheared(0.1)
    with pytest.raises(InputError, match="cell tilt"):
        Systems([at_rest(tilted)], MIXTURE, STEP)


def test_a_system_too_large_is_refused() -> None:
    with pytest.raises(InputError, match="n_particles: 20000 given"):
        Systems([at_rest(jittered_lattice(20_000))], MIXTURE, STEP)


def test_a_study_with_a_gpu_goes_through_snakemake(snakemake, tmp_path: Path) -> None:
    study = yaml.safe_load((ROOT / "config" / "test.yaml").read_text())
    study["model"]["cutoff"] = SHORT.cutoff
    study["backend"] = {"equilibrate": "cuda", "isoconfigurational": "cuda"}
    coldest = study["temperatures"][-1]
    short = {"barostat_time": 0.2, "equilibration_time": 0.6, "time_step": 0.02}
    study["temperatures"] = [coldest | short | {"propensity": False}]
    study["isoconfigurational"] |= {"runs": 4, "debye_waller_time": 0.2, "time_step": 0.02}
    configuration = tmp_path / "gpu.yaml"
    configuration.write_text(yaml.safe_dump(study))
    files = [f"results/test/isoconfigurational/N120_T0.600_s00{sample}.h5" for sample in range(2)]
    done = snakemake(tmp_path, configuration, "--cores=1", "--resources=gpu=1", *files)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("Finished jobid") == 2
    for name in files:
        file = storage.read(tmp_path / name)
        assert file.attributes["backend"] == "cuda"
        assert np.all(file["debye_waller"] > 0)


def test_without_a_device_there_is_one_message() -> None:
    script = "from softmodes.dynamics.cuda import check_device; check_device()"
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "0", "CUDA_VISIBLE_DEVICES": ""}
    path = os.pathsep.join(sys.path)
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert ended.returncode != 0
    assert "backend: cuda given, but numba finds no CUDA device" in ended.stderr
