"""A state file gives back the objects that it was written from."""

import numpy as np
import pytest

from softmodes import state
from softmodes.model import Mixture
from softmodes.random_streams import stream
from softmodes.storage import StateFile

MIXTURE = Mixture(1.1, 1.3, 1.6, exponent=10, cutoff=2.0, smoothed=False, small_fraction=0.25)


@pytest.fixture
def file():
    names = ("sigma_small", "sigma_mixed", "sigma_large", "exponent", "cutoff", "smoothed")
    return StateFile(
        path="state.h5",
        stage="equilibrium",
        attributes={name: getattr(MIXTURE, name) for name in (*names, "small_fraction")}
        | {"n_particles": 4, "temperature": 0.46, "sample": 3, "seed": 11, "box_length": 9.0},
        data={
            "positions": np.arange(8.0).reshape(4, 2),
            "image": np.ones((4, 2), np.int32),
            "velocities": np.ones((4, 2)),
            "species": np.array([0, 1, 1, 1], np.int8),
        },
        dataset_attributes={},
    )


def test_the_mixture(file):
    assert state.mixture(file) == MIXTURE


def test_the_configuration(file):
    thermal = state.configuration(file)
    np.testing.assert_array_equal(thermal.positions, file["positions"])
    np.testing.assert_array_equal(thermal.velocities, file["velocities"])
    np.testing.assert_array_equal(thermal.species, [0, 1, 1, 1])
    assert (thermal.cell.length, thermal.cell.tilt) == (9.0, 0.0)


def test_the_random_streams_are_those_of_the_state_point(file):
    drawn = state.random_stream(file, "runs", replica=5).random(3)
    np.testing.assert_array_equal(drawn, stream(11, "runs", 4, 0.46, 3, 5).random(3))
    assert not np.isin(drawn, state.random_stream(file, "runs", replica=6).random(3)).any()
