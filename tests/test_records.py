"""A state file gives back the objects that it was written from."""

from types import SimpleNamespace

import numpy as np
import pytest

from softmodes.random_streams import stream
from softmodes.study import records
from softmodes.study.storage import StateFile
from softmodes.system.mixture import Mixture

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
            "velocities": np.ones((4, 2)),
            "species": np.array([0, 1, 1, 1], np.int8),
        },
        dataset_attributes={},
    )


def test_the_mixture(file):
    assert records.mixture(file) == MIXTURE


def test_the_configuration(file):
    thermal = records.configuration(file)
    np.testing.assert_array_equal(thermal.positions, file["positions"])
    np.testing.assert_array_equal(thermal.species, [0, 1, 1, 1])
    assert (thermal.cell.length, thermal.cell.tilt) == (9.0, 0.0)


def test_the_inherent_structures_lie_in_sheared_cells(file):
    thermal = records.configuration(file)
    quenched = {"positions": np.random.default_rng(1).random((2, 4, 2)), "gamma": [0.0, 0.25]}
    unstrained, sheared = records.inherent_structures(thermal, quenched)
    np.testing.assert_array_equal(unstrained.positions, quenched["positions"][0])
    np.testing.assert_array_equal(sheared.positions, quenched["positions"][1])
    assert (unstrained.cell.tilt, sheared.cell.tilt) == (0.0, 0.25 * 9.0)


def test_datasets_are_attributes_of_their_names():
    scan = SimpleNamespace(gamma=np.array([1e-4]), n_modes=np.array([1, 4]))
    found = SimpleNamespace(
        gamma=np.zeros(1), n_modes=3, scan=scan, eigenvalues=np.ones((1, 5)), eigenvectors=None
    )
    given = records.datasets("modes", found)
    assert set(given) == {"gamma", "eigenvalues", "scan/gamma", "scan/n_modes"}
    assert given["gamma"] is found.gamma
    assert given["scan/n_modes"] is scan.n_modes


def test_the_random_streams_are_those_of_the_state_point(file):
    drawn = records.random_stream(file, "runs", replica=5).random(3)
    np.testing.assert_array_equal(
        drawn, stream(11, "runs", 4, temperature=0.46, sample=3, replica=5).random(3)
    )
    assert not np.isin(drawn, records.random_stream(file, "runs", replica=6).random(3)).any()


def test_positions_beside_the_edge_of_the_box():
    length = 9.0
    edge = np.array([[-1e-12, length - 1e-12], [length, 0.0], [0.4 * length, -0.6 * length]])
    expected = [[0, 0], [0, 0], [round(0.4 * 2**32)] * 2]
    np.testing.assert_array_equal(records.grid_positions(edge, length), expected)
