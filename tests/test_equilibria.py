"""What was packed comes out to the last bit, and everything after it too."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from equilibrations import walked, write

from softmodes.errors import InputError
from softmodes.stages.ensembles import mean_relaxation_time
from softmodes.study import config, equilibria, storage
from softmodes.system.mixture import Mixture

TEST = Path(__file__).parents[1] / "config" / "test.yaml"
MODEL = vars(Mixture())
NAME = "N150_T0.460.h5"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The two files of samples 0, 1 and 2."""
    folder = tmp_path_factory.mktemp("samples")
    return [write(folder, walked(seed=sample), sample=sample) for sample in range(3)]


@pytest.fixture
def archive(files, tmp_path):
    """An archive of samples 0 and 2."""
    (path,) = equilibria.pack([*files[2], *files[0]], tmp_path / "packed")
    assert path == tmp_path / "packed" / NAME
    return path


def unpacked(archive, sample, folder):
    paths = {stage: folder / "out" / stage / f"{sample}.h5" for stage in equilibria.STAGES}
    equilibria.unpack(archive, sample, **paths)
    return tuple(paths.values())


def find(source, **changes):
    point = {"n_particles": 150, "temperature": 0.46, "sample": 0, "seed": 11, "model": MODEL}
    point |= {"ensemble": {"pressure": 13.5}, "equilibration_time": 100.0}
    return equilibria.find(source, **point | changes)


def test_what_comes_out_is_what_was_packed(files, archive, tmp_path):
    for sample in (0, 2):
        for original, path in zip(files[sample], unpacked(archive, sample, tmp_path), strict=True):
            assert storage.digest(path) == storage.digest(original)
            origin = storage.read_provenance(path)
            assert f'"packed/{NAME}": "{storage.digest(archive)}"' in origin["input_digests"]
            assert origin["original"] == '{"written": "then"}'


def test_an_archive_is_small(tmp_path):
    """22 kB for a configuration of N = 2000, and as much for a whole file."""
    samples = [walked(2000, time=15000.0, seed=sample) for sample in range(4)]
    files = [write(tmp_path, reached, sample=i) for i, reached in enumerate(samples)]
    (path,) = equilibria.pack([path for pair in files for path in pair], tmp_path)
    assert path.stat().st_size < (4 + 1) * 22_000


def test_packing_adds_what_is_new_and_keeps_the_rest(files, archive, tmp_path):
    before, touched = storage.digest(archive), archive.stat().st_mtime_ns
    equilibria.pack(files[0], archive.parent)
    assert (storage.digest(archive), archive.stat().st_mtime_ns) == (before, touched)
    equilibria.pack(files[1], archive.parent)
    assert (storage.read(archive)["sample"] == [0, 1, 2]).all()
    # in whatever order they come, and from what is unpacked as well
    again = [path for sample in (2, 1, 0) for path in unpacked(archive, sample, tmp_path)]
    (at_once,) = equilibria.pack(again, tmp_path / "other")
    with h5py.File(archive) as one, h5py.File(at_once) as other:
        for stage in equilibria.STAGES:
            one[stage].visititems(
                lambda name, item, stage=stage: (
                    np.testing.assert_array_equal(item, other[stage][name])
                    if isinstance(item, h5py.Dataset)
                    else None
                )
            )


def test_a_sample_of_one_file_is_left_out(files, tmp_path, caplog):
    equilibria.pack([files[0][0], *files[1]], tmp_path)
    assert (storage.read(tmp_path / NAME)["sample"] == [1]).all()
    assert "sample 0 has one of two files, left out" in caplog.text
    assert equilibria.pack([files[0][0]], tmp_path / "empty") == []
    assert not (tmp_path / "empty").exists()


def test_state_points_are_found(files, archive):
    found = equilibria.Found(archive, 100.0)
    assert find(archive.parent) == find(archive) == find(archive, sample=2) == found
    for elsewhere in ({"sample": 1}, {"n_particles": 152}, {"temperature": 0.5}):
        assert find(archive.parent, **elsewhere) is None
        assert find(archive, **elsewhere) is None
    equilibria.pack(files[1], archive.parent)
    assert find(archive, sample=1) == found


def test_another_study_is_refused(archive):
    with pytest.raises(InputError, match=r"N150_T0\.460\.h5: seed 11 found, 12 expected"):
        find(archive, seed=12)
    with pytest.raises(InputError, match=r"N150_T0\.460\.h5: cutoff 2\.5 found, 2\.0 expected"):
        find(archive.parent, model=MODEL | {"cutoff": 2.0})
    with pytest.raises(InputError, match="nowhere: not found, a folder or an archive"):
        find("nowhere")


def test_another_ensemble_is_refused(tmp_path):
    """As far as it is known: a sample made without a study's configuration has none on record."""
    config = json.dumps({"ensemble": {"pressure": 13.5}})
    files = write(tmp_path, walked(), provenance={"config": config})
    equilibria.pack(files, tmp_path)
    sample = storage.read(files[0]).attributes["sample"]
    assert find(tmp_path, sample=sample) is not None
    for ensemble in ({"pressure": 12.0}, {"density": 0.85}):
        with pytest.raises(InputError, match=rf"ensemble .*13\.5.* found, {ensemble} expected"):
            find(tmp_path, sample=sample, ensemble=ensemble)


def test_samples_of_another_length_do_not_join_those_there(archive):
    """Averages over samples need their functions at the same times."""
    assert find(archive, equilibration_time=400.0) is not None
    assert find(archive, sample=1, equilibration_time=100.0) is None
    message = rf"{NAME}: relaxation functions up to 98.4 found, .*400, expected as of sample 1"
    with pytest.raises(InputError, match=message):
        find(archive, sample=1, equilibration_time=400.0)


def test_what_does_not_fit_an_archive_is_refused(files, archive, tmp_path):
    before = archive.read_bytes()
    for changes, message in (
        ({"sample": 0}, "another equilibrium of sample 0 given than is there"),
        ({"sample": 5, "seed": 12}, "sample 5 is of another seed or model than the others"),
        ({"sample": 5, "mixture": Mixture(cutoff=2.0)}, "sample 5 is of another seed or model"),
    ):
        with pytest.raises(InputError, match=rf"{NAME}: {message}"):
            equilibria.pack(write(tmp_path, walked(seed=9), **changes), archive.parent)
    longer = write(tmp_path, walked(time=300.0), sample=5)
    with pytest.raises(InputError, match=r"relaxation/.* of sample 5 has shape .* of the others"):
        equilibria.pack(longer, archive.parent)
    # as many times, other ones
    other = write(tmp_path, walked(time=102.0), sample=6)
    with pytest.raises(InputError, match=r"relaxation/time of sample 6 is not that of the others"):
        equilibria.pack(other, archive.parent)
    with pytest.raises(InputError, match="its times are not those of"):
        mean_relaxation_time([files[0][1], other[1]])
    with pytest.raises(InputError, match="stage equilibria found, equilibrium or relaxation"):
        equilibria.pack([archive], tmp_path)
    assert archive.read_bytes() == before


def test_what_is_not_as_it_was_packed_is_not_written(archive, tmp_path):
    with h5py.File(archive, "r+") as file:
        file["equilibrium/positions"][0, 0, 0] += 1
    with pytest.raises(InputError, match=f"{NAME}: equilibrium of sample 0 is not what was packed"):
        unpacked(archive, 0, tmp_path)
    assert not list((tmp_path / "out").rglob("*.h5"))
    unpacked(archive, 2, tmp_path)
    with pytest.raises(InputError, match="sample 1 is not there"):
        unpacked(archive, 1, tmp_path)


# The workflow


@pytest.fixture(scope="module")
def published(results, tmp_path_factory):
    """Archives of the test study without sample 1 at its lower temperature."""
    folder = tmp_path_factory.mktemp("published")
    names = ("N120_T1.000_s000", "N120_T1.000_s001", "N120_T0.600_s000")
    equilibria.pack(
        [results / stage / f"{name}.h5" for stage in equilibria.STAGES for name in names], folder
    )
    return folder


def configuration(folder, **changes):
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(config.load(TEST) | changes))
    return path


def test_a_study_takes_what_is_published_and_simulates_the_rest(
    results, published, snakemake, tmp_path
):
    study = configuration(tmp_path, equilibria=str(published))
    names = [f"N120_T{t}_s00{sample}.h5" for t in ("1.000", "0.600") for sample in (0, 1)]
    done = snakemake(tmp_path, study, "--cores=1", *(f"results/test/quench/{n}" for n in names))
    assert done.returncode == 0, done.stdout
    found = tmp_path / "results" / "test"
    for stage in (*equilibria.STAGES, "quench"):
        paths = sorted((results / stage).glob("*.h5"))
        assert len(paths) == 4
        for path in paths:
            assert storage.digest(found / stage / path.name) == storage.digest(path)
    simulated = [
        path.stem
        for path in sorted((found / "equilibrium").glob("*.h5"))
        if "original" not in storage.read_provenance(path)
    ]
    assert simulated == ["N120_T0.600_s001"]
    # an archive that others add to is no reason to take again what it held
    for path in published.iterdir():
        path.touch()
    again = snakemake(tmp_path, study, "--dry-run", *(f"results/test/quench/{n}" for n in names))
    assert "Nothing to be done" in again.stdout


def test_a_study_of_another_seed_stops_at_once(published, snakemake, tmp_path):
    study = configuration(tmp_path, equilibria=str(published), seed=8)
    done = snakemake(tmp_path, study, "--cores=1")
    assert done.returncode != 0
    lines = [line for line in done.stdout.splitlines() if "config key equilibria" in line]
    assert lines == [f"config key equilibria: {published}/N120_T1.000.h5: seed 7 found, 8 expected"]
    assert not list(tmp_path.rglob("*.h5"))


def test_a_study_is_packed_by_one_command(results, snakemake, tmp_path):
    for stage in equilibria.STAGES:
        folder = tmp_path / "results" / "test" / stage
        folder.mkdir(parents=True)
        # an incomplete study
        for path in sorted((results / stage).glob("*.h5"))[:-1]:
            (folder / path.name).symlink_to(path)
    done = snakemake(tmp_path, TEST, "--cores=1", "pack_equilibria")
    assert done.returncode == 0, done.stdout
    packed = sorted((tmp_path / "results" / "test" / "equilibria").iterdir())
    samples = {path.name: storage.read(path)["sample"].tolist() for path in packed}
    assert samples == {"N120_T0.600.h5": [0, 1], "N120_T1.000.h5": [0]}
