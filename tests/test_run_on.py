"""Published samples are taken as they are, and run on where they are shorter than asked for."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from equilibrations import NEIGHBOUR_DISTANCES, POINT

from softmodes.dynamics import equilibration, trajectory
from softmodes.random_streams import stream
from softmodes.stages import published
from softmodes.stages.equilibrations import write_equilibrium
from softmodes.study import equilibria, storage
from softmodes.system.mixture import Mixture

TIMES = {"time_step": 0.01, "precision": "double", "checkpoint_interval": 3600}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Of a sample of N = 120 that was run for 2 τ at T = 0.46."""
    folder = tmp_path_factory.mktemp("short")
    rng = stream(11, "equilibrate", 120, temperature=0.46, sample=3)
    mixture = Mixture()
    reached = equilibration.equilibrate(
        trajectory.random_start(mixture, 120, 0.74, temperature=0.46, rng=rng).configuration,
        mixture,
        0.46,
        schedule=equilibration.schedule(0.01, 2.0, 4),
        rng=rng,
    )
    paths = [folder / stage / "3.h5" for stage in equilibria.STAGES]
    write_equilibrium(
        *paths,
        reached,
        mixture=mixture,
        neighbour_distances=NEIGHBOUR_DISTANCES,
        provenance={"written": "then"},
        **POINT,
    )
    return equilibria.pack(paths, folder / "packed")[0]


def taken(archive, folder, time, **changes):
    paths = [folder / "study" / stage / "3.h5" for stage in equilibria.STAGES]
    published.take(archive, *paths, sample=3, equilibration_time=time, **TIMES | changes)
    return tuple(map(storage.read, paths))


def test_what_is_long_enough_is_taken_as_it_is(archive, tmp_path):
    for time in (1.0, 2.0, 2.0 * (1 + 1e-9)):
        found = taken(archive, tmp_path, time)[0]
        assert storage.digest(found.path) == storage.digest(archive.parents[1] / "equilibrium/3.h5")


def test_what_is_too_short_goes_on_in_its_box(archive, tmp_path):
    short = taken(archive, tmp_path / "short", 2.0)
    longer = taken(archive, tmp_path / "longer", 2.9)
    np.testing.assert_allclose(longer[0]["series/time"], [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
    assert longer[0].attributes["time"] == pytest.approx(3.0)
    for name in ("energy", "pressure", "inherent_energy"):
        whole = longer[0][f"series/{name}"]
        np.testing.assert_array_equal(whole[:4], short[0][f"series/{name}"])
        assert np.isfinite(whole).all()
        assert not np.isin(whole[4:], whole[:4]).any()
    assert longer[0].attributes["pressure"] == longer[0]["series/pressure"].mean()
    assert longer[0].attributes["box_length"] == short[0].attributes["box_length"]
    # a microscopic time on, it is still near where it was
    apart = longer[0]["positions"] - short[0]["positions"]
    length = short[0].attributes["box_length"]
    distance = np.linalg.norm(apart - length * np.rint(apart / length), axis=1)
    assert 0.05 < np.median(distance) < 0.6
    assert storage.digest(longer[1].path) == storage.digest(short[1].path)


def test_the_same_bits_however_it_comes_there(archive, tmp_path, monkeypatch):
    """At once, and after it was asked to stop half way."""
    at_once = taken(archive, tmp_path / "at once", 3.0)[0]

    def stop_half_way(share):
        if share == 0.5:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit):
        taken(archive, tmp_path, 3.0, update=stop_half_way)
    assert len(list(Path(tmp_path, "study/checkpoints").rglob("*.npz"))) == 1
    shares = []
    resumed = taken(archive, tmp_path, 3.0, update=shares.append)[0]
    assert min(shares) > 0.5
    assert storage.digest(resumed.path) == storage.digest(at_once.path)
    assert not list(Path(tmp_path, "study/checkpoints").rglob("*.npz"))


def test_each_stretch_has_random_numbers_of_its_own(archive, tmp_path):
    """A sample run on twice does not see those of the first time again."""
    first = taken(archive, tmp_path, 3.0)[0]
    keys = []
    for path in (archive.parents[1] / "equilibrium/3.h5", first.path):
        begun = storage.read(path)
        keys.append(published.stretch_stream(begun).random())
    assert keys[0] != keys[1]
