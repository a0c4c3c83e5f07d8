"""A quenched trajectory against the same made step by step, every quench full."""

from __future__ import annotations

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes.dynamics.inherent_trajectory import InherentTrajectory, inherent_trajectory
from softmodes.dynamics.trajectory import PhasePoint, Trajectory
from softmodes.errors import InputError
from softmodes.landscape.quench import quench
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann

MIXTURE = Mixture()
TEMPERATURE = 0.8


def settled() -> Configuration:
    """A liquid that does not heat up any more."""
    rng = np.random.default_rng(1)
    start = quench(jittered_lattice(150), MIXTURE, tolerance=1.0).configuration
    run = Trajectory(PhasePoint(start, maxwell_boltzmann(150, TEMPERATURE, rng)), MIXTURE, 0.005)
    for _ in range(50):
        run.advance(20)
        run.thermostat(TEMPERATURE, 0.1, rng)
    return run.configuration


START = settled()


def followed(start: Configuration = START, **options: object) -> InherentTrajectory:
    defaults = {"time_step": 0.005, "interval": 0.2, "n_quenches": 40}
    rng = np.random.default_rng(2)
    return inherent_trajectory(start, MIXTURE, TEMPERATURE, rng=rng, **defaults | options)


def test_as_step_by_step_with_full_quenches():
    found = followed()
    rng = np.random.default_rng(2)
    velocities = maxwell_boltzmann(START.n_particles, TEMPERATURE, rng)
    run = Trajectory(PhasePoint(START, velocities), MIXTURE, 0.005)
    fully = [quench(START, MIXTURE)]
    for _ in range(40):
        for _ in range(2):
            run.advance(20)
            run.thermostat(TEMPERATURE, 0.1, rng)
        fully.append(quench(run.configuration, MIXTURE))
    assert found.time == pytest.approx(0.2 * np.arange(41))
    # the same structure wherever positions are the same, and nowhere else
    positions = np.stack([one.configuration.positions for one in fully])
    apart = np.abs(positions[:, None] - positions).max(axis=(2, 3))
    same = found.structure[:, None] == found.structure
    assert (same == (apart < 0.1)).all()
    assert apart[same].max() < 1e-4
    assert 3 <= len(found.energy) < 41
    (left,) = np.nonzero(~same[:-1, 1:].diagonal())
    assert any(same[visit, visit + 2 :].any() for visit in left)
    for visit, one in enumerate(fully):
        structure = found.structure[visit]
        assert found.energy[structure] == pytest.approx(one.energy_per_particle, abs=1e-9)
        assert found.positions[structure] == pytest.approx(positions[visit], abs=1e-4)
    assert found.converged.all()
    assert found.max_force.max() <= 1e-11


def test_structures_are_numbered_by_their_first_visits():
    _, first = np.unique(followed().structure, return_index=True)
    assert (np.diff(first) > 0).all()


def test_an_interval_between_two_actions_of_the_thermostat_is_refused():
    with pytest.raises(InputError, match=r"0\.25 given, a multiple of the step 0\.1 expected"):
        followed(interval=0.25)


def test_progress_ends_with_one():
    told = []
    followed(n_quenches=4, progress=told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]
