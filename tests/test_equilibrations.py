"""The two files of an equilibration hold what it gave."""

import numpy as np
import pytest
from equilibrations import NEIGHBOUR_DISTANCES, POINT, walked, write

from softmodes.analysis import relaxation, structure
from softmodes.random_streams import stream
from softmodes.stages import equilibrations
from softmodes.study import records, storage
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann


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
    rounded = equilibrations._rounded(values)
    np.testing.assert_allclose(rounded, values, rtol=2**-16)
    assert rounded[2] != values[2]
    assert rounded[2] * 2**17 == round(rounded[2] * 2**17)
