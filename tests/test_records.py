"""A state file gives back the objects that it was written from."""

import numpy as np
import pytest
from equilibrations import NEIGHBOUR_DISTANCES, POINT, walked, write

from softmodes.analysis import relaxation, structure
from softmodes.dynamics.trajectory import maxwell_boltzmann
from softmodes.random_streams import stream
from softmodes.study import records, storage
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


def test_the_random_streams_are_those_of_the_state_point(file):
    drawn = records.random_stream(file, "runs", replica=5).random(3)
    np.testing.assert_array_equal(
        drawn, stream(11, "runs", 4, temperature=0.46, sample=3, replica=5).random(3)
    )
    assert not np.isin(drawn, records.random_stream(file, "runs", replica=6).random(3)).any()


# Files of an equilibration


@pytest.fixture(scope="module")
def reached():
    return walked()


@pytest.fixture(scope="module")
def written(reached, tmp_path_factory):
    """The equilibrium and the relaxation file."""
    return tuple(map(storage.read, write(tmp_path_factory.mktemp("written"), reached)))


def test_positions_are_whole_numbers_of_32_bits(reached, written):
    end, found = reached.end.configuration, written[0]["positions"]
    length = end.cell.length
    whole = records.grid_positions(found, length)
    assert whole.dtype == np.uint32
    assert (records.positions_on_grid(whole, length) == found).all()
    assert (found >= 0).all()
    assert (found < length).all()
    # the same places but for the last bit, in the box
    apart = end.cell.minimum_image(found - end.positions)
    np.testing.assert_allclose(apart, 0, atol=0.501 * length / 2**32)
    assert np.abs(found - end.positions).max() > 0.5 * length


def test_positions_beside_the_edge_of_the_box():
    length = 9.0
    edge = np.array([[-1e-12, length - 1e-12], [length, 0.0], [0.4 * length, -0.6 * length]])
    expected = [[0, 0], [0, 0], [round(0.4 * 2**32)] * 2]
    np.testing.assert_array_equal(records.grid_positions(edge, length), expected)


def test_velocities_are_those_of_the_state_point(reached, written, tmp_path):
    rng = stream(11, "velocities", 150, temperature=0.46, sample=3)
    np.testing.assert_array_equal(written[0]["velocities"], maxwell_boltzmann(150, 0.46, rng))
    other = storage.read(write(tmp_path, reached, sample=4)[0])
    assert not np.isin(written[0]["velocities"], other["velocities"]).any()


def test_the_relaxation_file_holds_what_the_frames_say(reached, written):
    found, end = written[1], reached.end.configuration
    blocks = np.rint(reached.frame_time / 0.1).astype(int)
    lags = relaxation.lags_of(blocks)
    np.testing.assert_allclose(found["time"], 0.1 * lags)
    origins = reached.frames[relaxation.time_origins(blocks)]
    wavenumber, factor = structure.structure_factor(origins, end.species, end.cell)
    peak = structure.first_peak(wavenumber, factor[0])
    assert found.attributes["peak_wavenumber"] == peak
    expected = relaxation.self_dynamics(
        reached.frames,
        end.species,
        end.cell,
        times=blocks,
        lags=lags,
        wavenumber=peak,
        neighbour_distances=NEIGHBOUR_DISTANCES,
    )
    for name, curve in vars(expected).items():
        np.testing.assert_allclose(found[name], curve, rtol=2**-16, err_msg=name)
    np.testing.assert_allclose(found["structure_factor"], factor, rtol=2**-16)
    # both halves of a walk are alike, up to the longest lag that a half has
    half = found["time"] <= found["time"][-1] / 4
    one, other = found["self_intermediate_scattering_halves"][:, half]
    np.testing.assert_allclose(one, other, atol=0.1)
    assert not (one[1:] == other[1:]).any()


def test_both_files_say_whose_they_are(reached, written):
    for found in written:
        assert {name: found.attributes[name] for name in POINT} == POINT
        assert found.attributes["density"] == pytest.approx(
            150 / reached.end.configuration.cell.area
        )
        assert found.attributes["backend"] == "cpu"
        assert records.mixture(found) == Mixture()
    assert written[0].attributes["time"] == 100.0


def test_rounding_keeps_what_is_not_known():
    values = np.array([0.0, -1.0, 1 / 3, 1e-300, np.nan])
    rounded = records._rounded(values)
    np.testing.assert_allclose(rounded, values, rtol=2**-16)
    assert rounded[2] != values[2]
    assert rounded[2] * 2**17 == round(rounded[2] * 2**17)
