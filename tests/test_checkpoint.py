"""Jobs that are stopped and go on end in the bits of one that was left alone."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes.dynamics.equilibration import Equilibration, equilibrate, schedule
from softmodes.dynamics.inherent_trajectory import InherentTrajectory, inherent_trajectory
from softmodes.dynamics.isoconfigurational import run_ensemble
from softmodes.errors import InputError
from softmodes.study import checkpoint
from softmodes.study.checkpoint import STOPPING, Checkpoint, of_job
from softmodes.system.mixture import Mixture

MIXTURE = Mixture()


class StoppedAt(Checkpoint):
    """Asked to stop, by one signal or the other, after so many questions whether it is due."""

    def __init__(self, path: Path, questions: int) -> None:
        super().__init__(path, "key", interval=np.inf)
        self.questions = questions

    signals = itertools.cycle(STOPPING)

    def due(self) -> bool:
        self.questions -= 1
        if self.questions == 0:
            os.kill(os.getpid(), next(self.signals))
        return super().due()


def in_pieces(job: Callable[[Checkpoint], object], path: Path, questions: int) -> tuple:
    """The result of a job that is stopped again and again, and how often it was."""
    stops = 0
    while True:
        try:
            with StoppedAt(path, questions) as checkpoint:
                return job(checkpoint), stops
        except SystemExit as end:
            code = end.code
        assert code in (130, 143)
        assert path.exists()
        stops += 1


@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_an_equilibration_goes_on(precision: type, tmp_path: Path) -> None:
    def job(checkpoint: Checkpoint | None) -> Equilibration:
        return equilibrate(
            jittered_lattice(150),
            MIXTURE,
            1.0,
            schedule=schedule(0.005, 2.0, 4, barostat_time=1.0),
            rng=np.random.default_rng(3),
            pressure=13.5,
            precision=precision,
            checkpoint=checkpoint,
        )

    whole, (pieced, stops) = job(None), in_pieces(job, tmp_path / "state.npz", 7)
    assert stops == (10 + 20) // 7
    assert not list(tmp_path.iterdir())
    one, other = whole.end, pieced.end
    assert one.configuration.cell == other.configuration.cell
    assert (one.configuration.positions == other.configuration.positions).all()
    assert (one.velocities == other.velocities).all()
    for name in ("time", "energy", "pressures", "inherent_energy", "frames", "frame_time"):
        assert (getattr(whole, name) == getattr(pieced, name)).all(), name


def test_a_quenched_trajectory_goes_on(tmp_path: Path) -> None:
    def job(checkpoint: Checkpoint | None) -> InherentTrajectory:
        return inherent_trajectory(
            jittered_lattice(150),
            MIXTURE,
            1.0,
            time_step=0.005,
            interval=0.2,
            n_quenches=11,
            rng=np.random.default_rng(3),
            precision=np.float32,
            checkpoint=checkpoint,
        )

    whole, (pieced, stops) = job(None), in_pieces(job, tmp_path / "state.npz", 3)
    assert stops == 11 // 3
    assert len(whole.positions) > 3
    for field in fields(InherentTrajectory):
        assert (getattr(whole, field.name) == getattr(pieced, field.name)).all(), field.name


@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_an_ensemble_goes_on(precision: type, tmp_path: Path) -> None:
    def job(checkpoint: Checkpoint | None) -> object:
        return run_ensemble(
            jittered_lattice(150),
            MIXTURE,
            1.0,
            time_step=0.005,
            n_runs=20,
            debye_waller_time=2.0,
            sampling_interval=0.2,
            random_stream=np.random.default_rng,
            propensity_time=4.1,
            precision=precision,
            checkpoint=checkpoint,
        )

    whole, (pieced, stops) = job(None), in_pieces(job, tmp_path / "state.npz", 8)
    assert stops >= 5
    assert not list(tmp_path.iterdir())
    for name in ("debye_waller", "debye_waller_halves", "propensity", "propensity_halves"):
        assert (getattr(whole, name) == getattr(pieced, name)).all(), name


def test_signals_are_the_callers_again_after_a_job(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in STOPPING]
    with Checkpoint(tmp_path / "a.npz", "key", np.inf):
        assert signal.getsignal(signal.SIGINT) != before[STOPPING.index(signal.SIGINT)]
    assert [signal.getsignal(number) for number in STOPPING] == before


def saved(path: Path, key: str = "key") -> Path:
    Checkpoint(path, key, np.inf).save(step=3)
    return path


def test_a_checkpoint_is_due_after_its_interval(tmp_path: Path) -> None:
    assert not Checkpoint(tmp_path / "a.npz", "key", interval=1e6).due()
    often = Checkpoint(tmp_path / "a.npz", "key", interval=0.0)
    assert often.due()
    often.save(step=np.arange(3))
    np.testing.assert_array_equal(often.load()["step"], np.arange(3))


def test_what_fails_keeps_its_checkpoint(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz")
    with pytest.raises(RuntimeError), Checkpoint(path, "key", np.inf):
        raise RuntimeError
    assert path.exists()
    with Checkpoint(path, "key", np.inf):
        pass
    assert not path.exists()


def test_a_checkpoint_of_another_job_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", "another")
    with pytest.raises(InputError, match=r"a\.npz: checkpoint of another configuration or code"):
        Checkpoint(path, "key", np.inf).load()


@pytest.mark.parametrize("size", [0, 10, 200])
def test_a_damaged_checkpoint_is_refused(size: int, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match=r"a\.npz: damaged checkpoint.*delete it"):
        Checkpoint(path, "key", np.inf).load()


def test_jobs_with_other_parameters_have_other_checkpoints(tmp_path: Path) -> None:
    output = tmp_path / "results" / "test" / "quench" / "N120.h5"
    paths = {
        of_job(output, [], parameters, interval=1.0).path
        for parameters in ({"gamma": 0.1, "code": "a"}, {"gamma": 0.1, "code": "b"}, {"gamma": 0.2})
    }
    assert len(paths) == 3
    assert {path.parent for path in paths} == {output.parents[1] / "checkpoints" / "quench"}
    again = of_job(output, [], {"code": "a", "gamma": 0.1}, interval=2.0).path
    assert again in paths


def test_a_machine_with_other_vectors_has_another_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = set()
    for width in (32, 64):
        monkeypatch.setattr(checkpoint, "vector_bytes", lambda width=width: width)
        paths.add(of_job(tmp_path / "test" / "quench" / "N120.h5", [], {}, interval=1.0).path)
    assert len(paths) == 2
