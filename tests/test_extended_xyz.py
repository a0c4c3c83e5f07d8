"""Extended XYZ against ASE in both directions, by hand, and what is refused."""

from pathlib import Path

import ase
import ase.io
import numpy as np
import pytest

from softmodes import extended_xyz
from softmodes.cell import Cell
from softmodes.errors import InputError
from softmodes.extended_xyz import Frame

N = 7


def frame(seed: int = 1, tilt: float = 0.3) -> Frame:
    """Numbers of every size and sign, whose digits all count."""
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.integers(-18, 5, size=(N, 2))
    return Frame(
        positions=rng.normal(size=(N, 2)) * scales,
        species=rng.integers(0, 2, N).astype(np.int8),
        cell=Cell(np.pi * 4 + seed, tilt),
        fields={
            "radius": rng.random(N),
            "nonaffine": rng.normal(size=(N, 2)) * scales,
            "cluster": rng.integers(-3, 3, N),
            "soft": rng.random(N) > 0.5,
        },
        information={
            "temperature": 0.1 + 0.2,
            "n_particles": N,
            "switched": True,
            "study": 'a "quoted" name = 1',
            "unknown": np.nan,
        },
    )


def same(one: Frame, other: Frame) -> None:
    np.testing.assert_array_equal(one.positions, other.positions)
    np.testing.assert_array_equal(one.species, other.species)
    assert one.species.dtype == other.species.dtype == np.int8
    assert one.cell == other.cell
    assert one.symbols == other.symbols
    assert one.fields.keys() == other.fields.keys()
    for name, values in one.fields.items():
        np.testing.assert_array_equal(values, other.fields[name], err_msg=name)
        assert values.dtype == other.fields[name].dtype, name
    np.testing.assert_equal(dict(one.information), dict(other.information))


def test_what_is_written_is_read_back_to_the_bit(tmp_path):
    frames = [frame(1), frame(2, tilt=0.0), frame(3, tilt=4.0)]
    extended_xyz.write(tmp_path / "some.xyz", iter(frames))
    again = extended_xyz.read(tmp_path / "some.xyz")
    assert len(again) == 3
    for one, other in zip(frames, again, strict=True):
        same(one, other)


def test_ase_reads_what_is_written_to_the_bit(tmp_path):
    written = frame()
    extended_xyz.write(tmp_path / "some.xyz", [frame(2), written])
    atoms = ase.io.read(tmp_path / "some.xyz", index=":")[1]
    np.testing.assert_array_equal(atoms.positions[:, :2], written.positions)
    np.testing.assert_array_equal(atoms.positions[:, 2], 0.0)
    length = written.cell.length
    np.testing.assert_array_equal(
        atoms.cell.array, [[length, 0, 0], [written.cell.tilt, length, 0], [0, 0, 1]]
    )
    assert atoms.pbc.tolist() == [True, True, False]
    assert atoms.get_chemical_symbols() == [("Cu", "Zr")[kind] for kind in written.species]
    for name in ("radius", "cluster", "soft"):
        np.testing.assert_array_equal(atoms.arrays[name], written.fields[name])
    np.testing.assert_array_equal(atoms.arrays["nonaffine"][:, :2], written.fields["nonaffine"])
    np.testing.assert_array_equal(atoms.arrays["nonaffine"][:, 2], 0.0)
    assert atoms.info["temperature"] == 0.1 + 0.2
    assert atoms.info["study"] == written.information["study"]
    assert atoms.info["switched"] is True


def test_a_file_that_ase_wrote_is_read(tmp_path):
    rng = np.random.default_rng(1)
    atoms = ase.Atoms(
        "HeH2HeH",
        positions=np.round(np.c_[rng.random((5, 2)), np.full(5, 0.5)], 6),
        cell=[[3, 0, 0], [0.75, 3, 0], [0, 0, 1]],
        pbc=[True, True, False],
        info={"origin": "somewhere else", "time": 1.5, "run": 3},
    )
    atoms.arrays["charge_like"] = rng.normal(size=5).round(8)
    atoms.arrays["label"] = np.array(["a", "b", "c", "d", "e"])
    ase.io.write(tmp_path / "theirs.xyz", [atoms, atoms], format="extxyz")
    first, second = extended_xyz.read(tmp_path / "theirs.xyz")
    same(first, second)
    np.testing.assert_array_equal(first.positions, atoms.positions[:, :2])
    assert first.species.tolist() == [1, 0, 0, 1, 0]
    assert first.symbols == ("H", "He")
    assert first.cell == Cell(3.0, 0.75)
    assert list(first.fields) == ["charge_like"]
    np.testing.assert_array_equal(first.fields["charge_like"], atoms.arrays["charge_like"])
    assert first.information == {"origin": "somewhere else", "time": 1.5, "run": 3}


def test_a_plain_file_of_someone(tmp_path):
    path = tmp_path / "some.xyz"
    path.write_text(
        "3\n"
        "Lattice = {4. 0 -1e0 4.} Properties=pos:R:2:species:I:1:on:L:1 note='by hand' done\n"
        "0.5 -1e-3 2 T\n"
        " 3 12 1   F\n"
        "1 1 2 T\n\n"
    )
    (found,) = extended_xyz.read(path)
    assert found.positions.tolist() == [[0.5, -0.001], [3, 12], [1, 1]]
    assert found.species.tolist() == [1, 0, 1]
    assert found.symbols == ("1", "2")
    assert found.cell == Cell(4.0, 3.0)
    assert found.fields["on"].tolist() == [True, False, True]
    assert found.information == {"note": "by hand", "done": True}


def test_one_species_and_the_columns_that_are_meant_where_none_are_named(tmp_path):
    path = tmp_path / "some.xyz"
    path.write_text('2\nLattice="4 0 0 0 4 0 0 0 9"\nB 1 2 5.5\nB 3 1 5.5\n')
    (found,) = extended_xyz.read(path)
    assert found.species.tolist() == [0, 0]
    assert found.symbols == ("B",)
    path.write_text('1\nLattice="4 0 0 0 4 0 0 0 9"\nZr 1 2 5.5\n')
    assert extended_xyz.read(path)[0].species.tolist() == [1]


GOOD = ["2", 'Lattice="4 0 0 1 4 0 0 0 1" Properties=species:S:1:pos:R:3', "A 1 2 0", "B 3 1 0"]


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (0, "two", "line 1: 'two' given, a number of particles expected"),
        (0, "0", "line 1: '0' given"),
        (0, "1", "line 4: 'B 3 1 0' given, a number of particles expected"),
        (0, "3", "ends after 2 of 3 particles; cut short"),
        (1, "a glass", "line 2: no Lattice"),
        (1, 'Lattice="4 0 0 1 4 0"', "Lattice: '4 0 0 1 4 0' given, two or three vectors"),
        (1, 'Lattice="4 0 0 x"', "Lattice: '4 0 0 x' given, numbers expected"),
        (1, 'Lattice="4 0 0 5"', r"Lattice: '4 0 0 5' given; in the plane, \(L, 0\)"),
        (1, 'Lattice="4 1 0 4"', "Lattice: '4 1 0 4' given; in the plane"),
        (1, 'Lattice="0 0 0 0"', "Lattice: '0 0 0 0' given; in the plane"),
        (1, 'Lattice="4 0 nan 4"', "Lattice: '4 0 nan 4' given; in the plane"),
        (1, 'Lattice="4 0 0 4" pbc="T F F"', "pbc: 'T F F' given, 'T T F' expected"),
        (1, 'Lattice="4 0 0 4" Properties=species:S:1', "2 columns|4 columns given, 1 expected"),
        (1, 'Lattice="4 0 0 4" Properties=species:S:1:x:R:3', "Properties: no column 'pos'"),
        (1, 'Lattice="4 0 0 4" Properties=kind:S:1:pos:R:3', "no column 'species'"),
        (1, 'Lattice="4 0 0 4" Properties=species:S:pos:R:3', "'species:S:pos:R:3' given, name:S"),
        (1, 'Lattice="4 0 0 4" Properties=species:S:1:pos:X:3', "'species:S:1:pos:X:3' given"),
        (1, 'Lattice="4 0 0 4" Properties=pos:S:1:pos:R:3', "every name once"),
        (1, 'Lattice="4 0 0 4" Properties=pos:R:1:species:S:1:a:R:2', "column 'pos': could not"),
        (1, 'Lattice="4 0 0 4" Properties=species:S:1:pos:R:1:a:R:2', "pos:R:2 or pos:R:3"),
        (1, 'Lattice="4 0 0 4" Properties=species:S:1:a:I:1:pos:R:2', None),
        (1, 'Lattice="4 0 0 4" Properties=species:S:1:a:L:1:pos:R:2', "'a': '1' found, T or F"),
        (2, "A 1 2", "line 3: 3 columns given, 4 expected"),
        (3, "B 3 x 0", "column 'pos': could not convert string to float: 'x' found, numbers"),
        (3, "B 3 nan 0", "a position is not finite"),
        (3, "B 3 1 0.1", "z from 0 to 0.1 given, particles in a plane expected"),
    ],
)
def test_wrong_lines_are_told(tmp_path, line, text, message):
    path = tmp_path / "some.xyz"
    lines = list(GOOD)
    lines[line] = text
    path.write_text("\n".join(lines) + "\n")
    if message is None:
        extended_xyz.read(path)
        return
    with pytest.raises(InputError, match=message) as caught:
        extended_xyz.read(path)
    assert str(caught.value).startswith(str(path))


def test_three_species_are_told(tmp_path):
    path = tmp_path / "some.xyz"
    path.write_text('3\nLattice="4 0 0 4"\nA 1 2 0\nB 3 1 0\nC 3 3 0\n')
    with pytest.raises(InputError, match="3 kinds of particles given, 'A B C'; one or two"):
        extended_xyz.read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\x89HDF\r\n\xff\xfe", "no text"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, content: bytes | None, message: str):
    path = tmp_path / "some.xyz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"some\.xyz: {message}"):
        extended_xyz.read(path)
    with pytest.raises(InputError, match="a readable file expected"):
        extended_xyz.read(tmp_path)


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "some.xyz"
    path.write_text("as it was")
    wrong = Frame(np.zeros((2, 2)), np.zeros(3, np.int8), Cell(4.0))
    with pytest.raises(ValueError):
        extended_xyz.write(path, [frame(), wrong])
    assert [file.name for file in tmp_path.iterdir()] == ["some.xyz"]
    assert path.read_text() == "as it was"
