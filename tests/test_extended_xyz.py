"""What is written, against ASE: extended XYZ to the last bit, LAMMPS dumps but for the cell's."""

import gzip

import ase
import ase.io
import numpy as np
import pytest

from softmodes.errors import InputError
from softmodes.interop import exchange, foreign
from softmodes.interop.extended_xyz import Frame
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration

N = 7


def frame(seed: int = 1, tilt: float = 0.3) -> Frame:
    """Numbers of every size and sign, whose digits all count."""
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.integers(-18, 5, size=(N, 2))
    return Frame(
        Configuration(
            rng.normal(size=(N, 2)) * scales, rng.integers(0, 2, N), Cell(np.pi * 4 + seed, tilt)
        ),
        fields={
            "radius": rng.random(N),
            "velo": rng.normal(size=(N, 2)) * scales,
            "cluster": rng.integers(-3, 3, N),
            "soft": rng.random(N) > 0.5,
        },
        information={
            "temperature": 0.1 + 0.2,
            "n_particles": N,
            "switched": True,
            "study": 'a "quoted" name = 1',
            "unknown": np.nan,
            "sigma_small": 1.0,
        },
    )


@pytest.mark.parametrize("suffix", ["xyz", "extxyz", "xyz.gz", "XYZ"])
def test_what_is_written_is_read_back_to_the_bit(tmp_path, suffix):
    frames = [frame(1), frame(2, tilt=0.0), frame(3, tilt=4.0)]
    exchange.write(tmp_path / f"some.{suffix}", iter(frames))
    for number, one in enumerate(frames):
        other = foreign.read(tmp_path / f"some.{suffix}", number)
        ours, read = one.configuration, other.configuration
        np.testing.assert_array_equal(ours.positions, read.positions)
        np.testing.assert_array_equal(ours.species, read.species)
        assert ours.cell == read.cell
        assert one.symbols == other.symbols
        for name, values in one.fields.items():
            np.testing.assert_array_equal(values, other.fields[name], err_msg=name)
            assert values.dtype.kind == other.fields[name].dtype.kind, name
        np.testing.assert_equal(dict(one.information), dict(other.information))


def test_ase_reads_what_is_written_to_the_bit(tmp_path):
    written = frame()
    exchange.write(tmp_path / "some.xyz", [frame(2), written])
    atoms = ase.io.read(tmp_path / "some.xyz", index=":")[1]
    np.testing.assert_array_equal(atoms.positions[:, :2], written.configuration.positions)
    np.testing.assert_array_equal(atoms.positions[:, 2], 0.0)
    length = written.configuration.cell.length
    np.testing.assert_array_equal(
        atoms.cell.array, [[length, 0, 0], [written.configuration.cell.tilt, length, 0], [0, 0, 1]]
    )
    assert atoms.pbc.tolist() == [True, True, False]
    assert atoms.get_chemical_symbols() == [
        ("Cu", "Zr")[kind] for kind in written.configuration.species
    ]
    for name in ("radius", "cluster", "soft"):
        np.testing.assert_array_equal(atoms.arrays[name], written.fields[name])
    np.testing.assert_array_equal(atoms.arrays["velo"][:, :2], written.fields["velo"])
    np.testing.assert_array_equal(atoms.arrays["velo"][:, 2], 0.0)
    assert atoms.info["temperature"] == 0.1 + 0.2
    assert atoms.info["study"] == written.information["study"]
    assert atoms.info["switched"] is True


@pytest.mark.parametrize(("tilt", "reduced"), [(0.0, 0.0), (2.5, 2.5), (12.0, 12.0 - 4 * np.pi)])
def test_ase_reads_a_dump_of_lammps(tmp_path, tilt, reduced):
    """Its velocities are in units that ASE takes for metal's, which the mass of an element scales:
    their ratios stay."""
    written = frame(0, tilt)
    exchange.write(tmp_path / "some.lammpstrj", [frame(2), written])
    atoms = ase.io.read(tmp_path / "some.lammpstrj", index=1)
    np.testing.assert_array_equal(atoms.positions[:, :2], written.configuration.positions)
    assert atoms.arrays["type"].tolist() == (written.configuration.species + 1).tolist()
    length = written.configuration.cell.length
    np.testing.assert_allclose(
        atoms.cell.array, [[length, 0, 0], [reduced, length, 0], [0, 0, 1]], rtol=0, atol=1e-14
    )
    assert atoms.pbc.tolist() == [True, True, True]
    velocities = atoms.get_velocities()
    np.testing.assert_allclose(
        velocities[:, :2] / velocities[0, 0],
        written.fields["velo"] / written.fields["velo"][0, 0],
        rtol=1e-12,
    )
    read = foreign.read(tmp_path / "some.lammpstrj", 1)
    np.testing.assert_array_equal(read.configuration.species, written.configuration.species)
    assert read.symbols == ("1", "2")


def test_a_dump_names_its_columns(tmp_path):
    exchange.write(tmp_path / "some.lammpstrj.gz", [frame()])
    lines = gzip.decompress((tmp_path / "some.lammpstrj.gz").read_bytes()).decode().splitlines()
    assert lines[:4] == ["ITEM: TIMESTEP", "0", "ITEM: NUMBER OF ATOMS", "7"]
    assert lines[8] == "ITEM: ATOMS id type x y z radius vx vy vz cluster soft"
    assert len(lines) == 9 + N
    assert {len(line.split()) for line in lines[9:]} == {11}


def test_equal_frames_make_equal_files(tmp_path, monkeypatch):
    exchange.write(tmp_path / "one.xyz.gz", [frame()])
    monkeypatch.setattr("time.time", lambda: 1.0)
    exchange.write(tmp_path / "other.xyz.gz", [frame()])
    assert (tmp_path / "one.xyz.gz").read_bytes() == (tmp_path / "other.xyz.gz").read_bytes()


@pytest.mark.parametrize(
    "name", ["some.gro", "some.xyz.bz2", "some.h5", "some.data", "some.txt.gz"]
)
def test_a_format_that_is_not_written_is_told(tmp_path, name):
    with pytest.raises(InputError, match=r"a format that is not written; .xyz or .extxyz"):
        exchange.write(tmp_path / name, [frame()])
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "some.xyz"
    path.write_text("as it was")
    wrong = Frame(Configuration(np.zeros((2, 2)), np.zeros(2), Cell(4.0)), {"soft": np.zeros(3)})
    with pytest.raises(ValueError, match="argument 5 is longer"):
        exchange.write(path, [frame(), wrong])
    assert [file.name for file in tmp_path.iterdir()] == ["some.xyz"]
    assert path.read_text() == "as it was"
