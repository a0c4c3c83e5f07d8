"""The command softmodes: what others read of it, what it makes of theirs, and chains of files."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import ase
import ase.io
import numpy as np
import pandas as pd
import pytest
from configurations import jittered_lattice

from softmodes.cli import main
from softmodes.errors import InputError
from softmodes.interop import exchange, foreign
from softmodes.landscape.hessian import hessian
from softmodes.landscape.quench import quench
from softmodes.report import drawing, figures, tables
from softmodes.study import storage
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture

ROOT = Path(__file__).parents[1]
NAME = "N120_T0.600_s000"
PROPENSITY_NAME = "N120_T1.000_s001"
SIGMA = ("Ne=3.15", "mixed=3.6", "Ar=4.41")
"""Of the foreign file: the first kind by name is the larger one."""
UNIT = 3.15


def test_the_installed_command_is_this_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, function = project["scripts"]["softmodes"].split(":")
    assert getattr(importlib.import_module(module), function) is main


@pytest.mark.parametrize("arguments", [["--help"], ["provenance", str(ROOT / "LICENSE")]])
def test_what_needs_no_kernel_loads_none(arguments):
    program = (
        "import sys\nfrom softmodes.cli import main\n"
        f"try:\n    main({arguments})\nexcept SystemExit:\n    pass\n"
        "print('numba' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["False"], done.stderr


@pytest.mark.parametrize("name", [NAME, PROPENSITY_NAME])
def test_ase_reads_a_whole_state_point(results, tmp_path, name):
    main(["export", str(results), name, "--output", str(tmp_path / "some.xyz")])
    thermal, moved, quenched, soft = (
        storage.read(results / stage / f"{name}.h5")
        for stage in ("equilibrium", "isoconfigurational", "quench", "modes")
    )
    first, *strained = ase.io.read(tmp_path / "some.xyz", index=":")
    length = thermal.attributes["box_length"]
    assert len(strained) == len(quenched["gamma"]) == 8

    np.testing.assert_array_equal(first.positions[:, :2], thermal["positions"])
    assert first.info["configuration"] == "thermal"
    for index, atoms in enumerate(strained):
        gamma = quenched["gamma"][index]
        np.testing.assert_array_equal(atoms.positions[:, :2], quenched["positions"][index])
        np.testing.assert_array_equal(
            atoms.cell.array, [[length, 0, 0], [gamma * length % length, length, 0], [0, 0, 1]]
        )
        np.testing.assert_array_equal(
            atoms.arrays["soft_participation"], soft["soft_participation"][index]
        )
        np.testing.assert_array_equal(
            atoms.arrays["nonaffine"][:, :2], quenched["nonaffine"][index]
        )
        assert atoms.info["configuration"] == "inherent"
        assert atoms.info["gamma"] == gamma
        assert atoms.info["switched"] == quenched["switched"][index]
    np.testing.assert_array_equal(first.arrays["velo"][:, :2], thermal["velocities"])
    for atoms in (first, *strained):
        assert not atoms.positions[:, 2].any()
        assert atoms.pbc.tolist() == [True, True, False]
        assert (
            atoms.get_atomic_numbers().tolist() == np.choose(thermal["species"], [29, 40]).tolist()
        )
        np.testing.assert_array_equal(
            atoms.arrays["radius"], np.choose(thermal["species"], [0.5, 0.7])
        )
        np.testing.assert_array_equal(atoms.arrays["debye_waller"], moved["debye_waller"])
        assert ("propensity" in atoms.arrays) == ("propensity" in moved.data)
        if "propensity" in moved.data:
            np.testing.assert_array_equal(atoms.arrays["propensity"], moved["propensity"])
        for key, value in thermal.common_attributes.items():
            assert atoms.info[key] == value, key


def test_a_state_point_comes_back_as_it_went(results, tmp_path):
    """The file that the workflow wrote, and the one from its exported configuration."""
    file = tmp_path / "some.xyz"
    main(["export", str(results), NAME, "--output", str(file)])
    strains = ["0.0001", "0.001", "0.01", "0.04", "0.08", "0.15", "0.5"]
    arguments = ["--gamma", *strains, "--mode-fraction", "0.02"]
    main(["import", str(file), "--output", str(tmp_path / "out"), *arguments])
    quench_file = tmp_path / "out" / "quench" / "some.h5"
    assert storage.digest(quench_file) == storage.digest(results / "quench" / f"{NAME}.h5")

    again = storage.read(tmp_path / "out" / "modes" / "some.h5")
    before = storage.read(results / "modes" / f"{NAME}.h5")
    assert again.attributes == before.attributes
    for name in ("eigenvalues", "soft_participation"):
        np.testing.assert_allclose(again[name], before[name], rtol=1e-6, atol=1e-8)
    third = foreign.read(tmp_path / "out" / "fields" / "some.xyz", 3)
    moved = storage.read(results / "isoconfigurational" / f"{NAME}.h5")
    np.testing.assert_array_equal(third.fields["debye_waller"], moved["debye_waller"])
    overlaps = pd.read_csv(tmp_path / "out" / "overlap" / "some.csv")
    study = tables.read_csv(results / "overlap" / "N120_T0.600.csv")
    both = overlaps.merge(
        study[study["sample"] == 0], on=["quantity", "gamma", "n_modes"], suffixes=("", "_study")
    )
    # other scans of the number of modes, other draws
    both = both[~both["quantity"].str.contains("scan|equal_size")]
    assert len(both) == 3 + 7 * 5
    for name in ("overlap", "rank_correlation"):
        np.testing.assert_array_equal(both[name], both[f"{name}_study"])


def test_standard_output_gets_the_frames_and_nothing_else(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frames = [foreign.read(theirs(tmp_path))]
    monkeypatch.setattr(exchange, "frames", lambda *_: frames)
    main(["export", "study", NAME, "-o", "whole.xyz"])
    assert capsys.readouterr() == ("", "whole.xyz: 1 frames\n")
    main(["export", "study", NAME, "-o", "-"])
    assert capsys.readouterr() == (Path("whole.xyz").read_text(), "-: 1 frames\n")
    assert not Path("-").exists()
    assert "a folder, a file to write expected" in failure(
        capsys, "export", "study", NAME, "-o", tmp_path
    )


def theirs(folder: Path) -> Path:
    """A file that ASE wrote: other diameters, composition, unit of length and names."""
    lattice = jittered_lattice(150)
    species = np.random.default_rng(5).permutation(np.repeat(["Ar", "Ne"], [45, 105]))
    atoms = ase.Atoms(
        species,
        positions=UNIT * np.c_[lattice.positions, np.zeros(150)],
        cell=UNIT * np.diag([lattice.cell.length, lattice.cell.length, 5.0]),
        pbc=True,
    )
    ase.io.write(folder / "theirs.xyz", atoms, format="extxyz")
    return folder / "theirs.xyz"


def reduced(atoms: ase.Atoms) -> Configuration:
    """What a file of `theirs` holds, in units of the smaller diameter."""
    species = np.array(atoms.get_chemical_symbols()) == "Ar"
    return Configuration(atoms.positions[:, :2] / UNIT, species, Cell(atoms.cell[0, 0] / UNIT))


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> Path:
    """Folder in which the foreign file was imported."""
    folder = tmp_path_factory.mktemp("imported")
    values = [*SIGMA, "--exponent", "10", "--cutoff", "2.2"]
    strains = ["--gamma", "0.0001", "0.05", "--mode-fraction", "0.03"]
    main(
        ["import", str(theirs(folder)), "--output", str(folder / "out"), "--sigma", *values]
        + strains
    )
    return folder


def test_a_foreign_configuration_is_quenched_as_the_library_does(imported):
    atoms = ase.io.read(imported / "theirs.xyz")
    start = reduced(atoms)
    mixture = Mixture(1.0, 3.6 / 3.15, 4.41 / 3.15, exponent=10, cutoff=2.2, small_fraction=0.7)
    quenched = storage.read(imported / "out" / "quench" / "theirs.h5")
    assert quenched["gamma"].tolist() == [0.0, 0.0001, 0.05]
    for index, gamma in enumerate(quenched["gamma"]):
        found = quench(start.sheared(gamma), mixture)
        assert found.converged
        np.testing.assert_array_equal(quenched["positions"][index], found.configuration.positions)
        assert quenched["energy"][index] == found.energy_per_particle
    told = quenched.attributes
    assert (told["sigma_small"], told["exponent"], told["cutoff"]) == (1.0, 10, 2.2)
    assert told["sigma_large"] == pytest.approx(1.4)
    assert told["small_fraction"] == 0.7
    assert told["density"] == pytest.approx(0.745)
    assert told["study"] == "theirs"
    assert np.isnan(told["temperature"])


def test_its_soft_modes_are_those_of_the_whole_hessian(imported):
    quenched, soft = (
        storage.read(imported / "out" / stage / "theirs.h5") for stage in ("quench", "modes")
    )
    told = quenched.attributes
    thermal = foreign.read(imported / "out" / "fields" / "theirs.xyz").configuration
    mixture = Mixture(1.0, told["sigma_mixed"], told["sigma_large"], 10, 2.2, small_fraction=0.7)
    assert soft.dataset_attributes["soft_participation"]["n_modes"] == 9
    for index, gamma in enumerate(quenched["gamma"]):
        cell = Cell(told["box_length"]).sheared(gamma)
        inherent = Configuration(quenched["positions"][index], thermal.species, cell)
        matrix = hessian(inherent, mixture)
        values, vectors = np.linalg.eigh(matrix.toarray())
        expected = (vectors[:, 2:11] ** 2).reshape(150, 2, 9).sum(axis=(1, 2))
        np.testing.assert_allclose(soft["soft_participation"][index], expected, atol=1e-7)
        np.testing.assert_allclose(soft["eigenvalues"][index, 2:], values[2:11], rtol=1e-7)


def test_its_fields_are_handed_back_and_mapped(imported):
    out = imported / "out"
    quenched, soft = (storage.read(out / stage / "theirs.h5") for stage in ("quench", "modes"))
    thermal, *strained = ase.io.read(out / "fields" / "theirs.xyz", index=":")
    atoms = ase.io.read(imported / "theirs.xyz")
    np.testing.assert_array_equal(thermal.positions, atoms.positions / UNIT)
    ours = np.where(np.array(atoms.get_chemical_symbols()) == "Ne", "Cu", "Zr")
    assert thermal.get_chemical_symbols() == ours.tolist()
    np.testing.assert_allclose(thermal.arrays["radius"], np.where(ours == "Cu", 0.5, 0.7))
    assert len(strained) == 3
    np.testing.assert_array_equal(strained[2].positions[:, :2], quenched["positions"][2])
    np.testing.assert_array_equal(strained[2].arrays["nonaffine"][:, :2], quenched["nonaffine"][2])
    for index, frame in enumerate(strained):
        np.testing.assert_array_equal(
            frame.arrays["soft_participation"], soft["soft_participation"][index]
        )
    assert (out / "figures" / "theirs.pdf").read_bytes().startswith(b"%PDF")
    assert (out / "figures" / "theirs.png").read_bytes().startswith(b"\x89PNG")


def test_an_import_tells_its_numbers(tmp_path, capsys, monkeypatch):
    """Of a minimum, a saddle and a quench that gave up, as made up."""
    start = foreign.read(theirs(tmp_path))
    quenched = SimpleNamespace(
        gamma=np.array([0.0, 1e-4, 0.01]),
        energy=np.array([2.125, 2.25, 2.5]),
        pressure=np.array([13.5, 14.5, 15.5]),
        shear_stress=np.array([0.0625, -0.125, 0.25]),
        n_negative=np.array([0, 1, 0]),
        converged=np.array([True, True, False]),
    )
    squares = [[1e-17, 0.0, 0.25, 1.0, 4.0, 9.0], [0, 0, -0.25, 1, 4, 9], [0, 0, 1, 4, 9, 16]]
    soft = SimpleNamespace(eigenvalues=np.array(squares))
    overlaps = pd.DataFrame(
        [{"quantity": "DW_p", "gamma": 0.01, "overlap": 0.5, "random": 0.25, "within_species": 0.3}]
    )
    made_up = exchange.Analysis(start, {}, quenched, False, soft, overlaps)
    monkeypatch.setattr(exchange, "analyse", lambda *_, **__: made_up)
    monkeypatch.setattr(exchange, "save", lambda *_, **__: [Path("one.h5")])
    main(["import", str(tmp_path / "theirs.xyz"), "-o", str(tmp_path), *FINE])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == [
        "small: Ne, sigma 3.15 in the file, 1 below, 105 of 150 particles",
        "large: Ar, sigma 4.41 in the file, 1.4 below, 45 of 150 particles",
        "mixed: sigma 3.6 in the file, 1.14286 below",
    ]
    assert lines[3].startswith("as given: density 0.745, energy ")
    assert lines[-6:] == [
        "0 2.125 13.5 0.0625 0.5 1 2, minimum",
        "0.0001 2.25 14.5 -0.125 -0.5 1 2, saddle of order 1",
        "0.01 2.5 15.5 0.25 1 2 3, not converged",
        "gamma fields overlap shuffled within species",
        "0.01 DW_p 0.500 0.250 0.300",
        "one.h5",
    ]


def test_an_import_tells_where_its_files_come_from(imported, tmp_path, capsys):
    folder = shutil.copytree(imported, tmp_path / "moved")

    def chain() -> list[str]:
        main(["provenance", str(folder / "out" / "figures" / "theirs.pdf")])
        return capsys.readouterr().out.splitlines()

    lines = chain()
    assert [re.match(r" *[^,]*", line).group() for line in lines] == [
        str(folder / "out" / "figures" / "theirs.pdf"),
        "  ../theirs.xyz",
        "  modes/theirs.h5",
        "    ../theirs.xyz",
        "    quench/theirs.h5",
        "      ../theirs.xyz",
        "  quench/theirs.h5",
    ]
    assert all(line.endswith(", as recorded, outside this study") for line in lines[1::2])
    assert "as recorded, written 20" in lines[2]
    assert lines[6].endswith("as recorded, inputs above")
    recorded = storage.read_provenance(imported / "out" / "quench" / "theirs.h5")
    assert json.loads(recorded["config"])["sigma"] == list(SIGMA)

    (folder / "theirs.xyz").write_text("changed")
    assert chain()[1] == "  ../theirs.xyz, CHANGED since, outside this study"
    (folder / "theirs.xyz").unlink()
    assert chain()[1] == "  ../theirs.xyz, not found, outside this study"


def test_a_chain_that_bites_its_tail_ends(tmp_path, capsys):
    """Files that name each other as inputs, as after a name was used twice."""
    for name, other in (("a.csv", "b.csv"), ("b.csv", "a.csv")):
        (tmp_path / name).write_text("1")
        storage.write_provenance([tmp_path / name], [])
        side_file = tmp_path / f"{name}.provenance.json"
        told = json.loads(side_file.read_text()) | {"input_digests": {other: "0"}}
        side_file.write_text(json.dumps(told))
    main(["provenance", str(tmp_path / "a.csv")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("  b.csv, CHANGED since, written")
    assert lines[2] == "    a.csv, CHANGED since, inputs above"


def failure(capsys: pytest.CaptureFixture, *arguments: object) -> str:
    """The message of a command that ends with exit code 1."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert caught.value.code == 1
    printed = capsys.readouterr()
    assert printed.out == "" or printed.out.startswith("small: ")  # what it was taken for
    (line,) = printed.err.splitlines()
    return line


FINE = ["--sigma", *SIGMA]


def test_a_crystal_is_imported(tmp_path):
    """Many of its modes are exactly alike."""
    rows, columns = np.mgrid[:8, :8].reshape(2, -1)
    atoms = ase.Atoms(["Ar"] * 64, cell=[8.8, 8.8, 1.0], pbc=[True, True, False])
    atoms.positions[:, :2] = 1.1 * np.column_stack([columns + 0.5 * (rows % 2), rows])
    ase.io.write(tmp_path / "crystal.xyz", atoms, format="extxyz")
    output = tmp_path / "out"
    main(["import", str(tmp_path / "crystal.xyz"), "--output", str(output), "--sigma", "1"])
    found = storage.read(output / "modes" / "crystal.h5")
    assert (np.diff(found["eigenvalues"][0][2:]) > -1e-9).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "sigma: not given, and the file does not tell its diameters"),
        (["--sigma", "Ar=1", "mixed=-1", "Ne=1"], "sigma_mixed: -1.0 given, a positive number"),
        (["--sigma", "Ar=0", "mixed=1", "Ne=1"], "sigma: 0 given, positive numbers expected"),
        (["--sigma", 1, 1.2, 1.4], "sigma: 1 1.2 1.4 given, --sigma Ar=σ mixed=σ Ne=σ expected"),
        ([*FINE, "--temperature", 0], "temperature: 0.0 given, a positive number expected"),
        ([*FINE, "--frame", 1], "no frame 1"),
        ([*FINE, "--exponent", 11], "exponent: 11 given, an even integer"),
        ([*FINE, "--cutoff", 0], "cutoff: 0.0 given, a positive number expected"),
        ([*FINE, "--cutoff", 20], "twice"),
        ([*FINE, "--gamma", 0.1, 0.01], "gamma: 0.1 0.01 given, ascending numbers above 0"),
        ([*FINE, "--gamma", 0, 0.1], "gamma: 0 0.1 given"),
        ([*FINE, "--gamma", "nan"], "gamma: nan given"),
        ([*FINE, "--mode-fraction", 0], "mode fraction: 0.0 of 300 modes given"),
        ([*FINE, "--mode-fraction", 1], "mode fraction: 1.0 of 300 modes given, more than 0"),
        (["--sigma", "Ar=0.02", "mixed=0.02", "Ne=0.02"], "nothing holds some particles"),
    ],
)
def test_wrong_values_are_told(tmp_path, capsys, arguments, message):
    file = theirs(tmp_path)
    found = failure(capsys, "import", file, "--output", tmp_path / "out", *arguments)
    assert found.startswith("softmodes: ")
    assert message in found
    assert [path.name for path in tmp_path.iterdir()] == ["theirs.xyz"]


@pytest.mark.parametrize(
    ("kinds", "given", "found"),
    [
        (("Ar", "He"), ["He=1", "Ar=1.4", "mixed=1.2"], [1.4, 1.2, 1.0]),
        (("A", "B"), ["1", "1.2", "1.4"], [1.0, 1.2, 1.4]),
        (("A", "B"), ["B=1", "mixed=1.2", "A=1.4"], [1.4, 1.2, 1.0]),
        (("2", "10"), ["1", "1.2", "1.4"], [1.0, 1.2, 1.4]),
        (("2", "10"), ["10=1", "2=1.4", "mixed=1.2"], [1.4, 1.2, 1.0]),
        (("X",), ["1.5"], [1.5] * 3),
        (("X",), ["1.5", "1.5", "1.5"], [1.5] * 3),
        (("X",), ["X=1.5"], [1.5] * 3),
        (("a=b", "c"), ["a=b=1", "c=2", "mixed=3"], [1.0, 3.0, 2.0]),
        (("Ar", "He"), ["1", "1.2", "1.4"], None),
        (("B", "C"), ["1", "1.2", "1.4"], None),
        (("1", "He"), ["1", "1.2", "1.4"], None),
        (("Cu", "Zr"), ["1", "1.2", "1.4"], None),
        (("Ar", "He"), ["He=1", "Ar=1.4"], None),
        (("Ar", "He"), ["He=1", "Ar=1.4", "He=1.2"], None),
        (("Ar", "He"), ["He=1", "Ar=1.4", "mixed=1.2", "Ne=1"], None),
        (("Ar", "He"), ["he=1", "Ar=1.4", "mixed=1.2"], None),
        (("Ar", "He"), ["He=1", "Ar=wide", "mixed=1.2"], None),
        (("1", "2"), ["1", "1.4"], None),
        (("X",), ["1", "1.2", "1.4"], None),
        (("X",), ["Y=1"], None),
    ],
)
def test_diameters_go_to_the_kinds_that_are_named(kinds, given, found):
    if found is None:
        with pytest.raises(InputError, match=rf"given, --sigma {kinds[0]}=σ.* expected"):
            exchange.diameters(kinds, given)
    else:
        assert exchange.diameters(kinds, given) == found


def test_exchanged_and_small_diameters_are_warned_of(tmp_path, capsys, monkeypatch):
    """Right ones are not, of however similar sizes."""
    monkeypatch.setattr(exchange, "analyse", None)
    atoms = ase.io.read(theirs(tmp_path))
    inherent = quench(reduced(atoms), Mixture())
    atoms.positions[:, :2] = UNIT * inherent.configuration.positions
    ase.io.write(tmp_path / "glass.xyz", atoms)

    def told(*sigma: float) -> str:
        diameters = [f"{name}={d}" for name, d in zip(("Ne", "mixed", "Ar"), sigma, strict=True)]
        with pytest.raises(TypeError):  # there is no `analyse`
            main(
                ["import", str(tmp_path / "glass.xyz"), "-o", str(tmp_path), "--sigma", *diameters]
            )
        return capsys.readouterr().out

    sound = told(UNIT, 1.2 * UNIT, 1.4 * UNIT)
    assert "WARNING" not in sound
    assert f"energy {inherent.energy_per_particle:.4g}"[:-1] in sound
    assert "WARNING" not in told(UNIT, 1.025 * UNIT, 1.05 * UNIT)
    exchanged = told(1.05 * UNIT, 1.025 * UNIT, UNIT)
    assert "small: Ar, sigma 3.15" in exchanged
    energy, other = re.search(
        r"energy (\S+) .*WARNING: exchanged .*, (\S+)\n", exchanged, re.S
    ).groups()
    assert float(other) < float(energy)
    assert "pairs overlap" not in exchanged
    assert re.search(r"WARNING: \d+ pairs overlap", told(1.5 * UNIT, 1.8 * UNIT, 2.1 * UNIT))
    assert "WARNING: loose" in told(0.5 * UNIT, 0.6 * UNIT, 0.7 * UNIT)


def tilted(folder: Path, gamma: float, name: str) -> Path:
    """The foreign configuration sheared by ASE; by whole boxes, the cell without the particles."""
    atoms = ase.io.read(theirs(folder))
    cell = atoms.cell.array.copy()
    cell[1, 0] += gamma * cell[0, 0]
    atoms.set_cell(cell, scale_atoms=gamma < 1)
    ase.io.write(folder / name, atoms, format="extxyz")
    return folder / name


def test_strains_of_a_tilted_start_are_counted_from_there(tmp_path, capsys):
    """Sheared by 0.03 and then by 0.02 is sheared by 0.05; a tilt of L is none."""
    values = [*FINE, "--exponent", "10", "--cutoff", "2.2", "--mode-fraction", "0.03", "--gamma"]
    for name, gamma, strains in (
        ("plain.xyz", 0.0, ["0.03", "0.05"]),
        ("tilted.xyz", 0.03, ["0.02"]),
        ("turned.xyz", 1.0, ["0.03"]),
    ):
        file = tilted(tmp_path, gamma, name)
        main(["import", str(file), "--output", str(tmp_path / "out"), *values, *strains])
    told = capsys.readouterr().out
    assert told.count("the cell is tilted") == 1
    assert "the cell is tilted by 0.03 of its length; gamma counts from there" in told
    plain, strained, turned = (
        storage.read(tmp_path / "out" / "quench" / f"{name}.h5")
        for name in ("plain", "tilted", "turned")
    )
    length = plain.attributes["box_length"]
    assert strained.attributes["tilt"] == pytest.approx(0.03 * length, rel=1e-6)
    assert "tilt" not in plain.attributes
    for name in ("energy", "pressure", "shear_stress"):
        np.testing.assert_allclose(strained[name], plain[name][1:], rtol=1e-5, err_msg=name)
        np.testing.assert_array_equal(turned[name], plain[name][:2], err_msg=name)
    soft = [storage.read(tmp_path / "out" / "modes" / f"{name}.h5") for name in ("tilted", "plain")]
    np.testing.assert_allclose(soft[0]["eigenvalues"], soft[1]["eigenvalues"][1:], atol=1e-4)


@pytest.fixture(scope="module")
def exported(results, tmp_path_factory) -> Path:
    """A state point of the study, as a file."""
    file = tmp_path_factory.mktemp("exported") / "some.xyz"
    main(["export", str(results), NAME, "--output", str(file)])
    return file


@pytest.mark.parametrize("frame", [4, 5, 8])
def test_a_strained_frame_of_a_study_is_where_it_was(results, exported, tmp_path, frame):
    """It is an inherent structure with the modes that the study found, in the same cell."""
    arguments = ["--frame", str(frame), "--gamma", "1e-6", "--mode-fraction", "0.02"]
    main(["import", str(exported), "--output", str(tmp_path / "out"), *arguments])
    index = frame - 1
    for stage in ("quench", "modes"):
        again = storage.read(tmp_path / "out" / stage / f"some_frame{frame}.h5")
        before = storage.read(results / stage / f"{NAME}.h5")
        gamma, length = before["gamma"][index], before.attributes["box_length"]
        assert again.attributes["tilt"] == gamma * length % length
        if stage == "quench":
            for name in ("energy", "pressure", "shear_stress"):
                np.testing.assert_allclose(again[name][0], before[name][index], rtol=1e-9)
            np.testing.assert_allclose(again["positions"][0], before["positions"][index], atol=1e-9)
            # elastic: no particle moves by more than its linear response
            assert not again["switched"].any()
            assert (again["energy"][1] - again["energy"][0]) / 1e-6 == pytest.approx(
                before["shear_stress"][index] * length**2 / 120, rel=1e-3
            )
        else:
            for name in ("eigenvalues", "soft_participation"):
                np.testing.assert_allclose(
                    again[name][0], before[name][index], rtol=1e-6, atol=1e-8
                )
    last = ase.io.read(tmp_path / "out" / "fields" / f"some_frame{frame}.xyz")
    assert last.cell[1, 0] == pytest.approx((gamma + 1e-6) * length % length)


def test_runs_at_a_temperature_are_those_of_the_study(results, exported, tmp_path, monkeypatch):
    """As many and as long as there: the same Debye-Waller factors, which a map shows."""
    study = {"time_step": 0.005, "n_runs": 8, "debye_waller_time": 2.0, "sampling_interval": 0.1}
    monkeypatch.setattr(exchange, "RUNS", study)
    drawn = []
    monkeypatch.setattr(drawing, "save", lambda figure, *_: drawn.append(figure))
    monkeypatch.setattr(figures, "figure_of_maps", lambda maps: maps)
    monkeypatch.setattr(storage, "write_provenance", lambda *_, **__: None)
    bare = tmp_path / "bare.xyz"
    text = exported.read_text().replace("debye_waller:R:1", "unnamed:R:1")
    bare.write_text(text)
    main(["import", str(bare), "-o", str(tmp_path), "--temperature", "0.6", "--gamma", "0.0001"])
    again = storage.read(tmp_path / "isoconfigurational" / "bare.h5")
    before = storage.read(results / "isoconfigurational" / f"{NAME}.h5")
    for name in ("debye_waller", "debye_waller_halves"):
        np.testing.assert_array_equal(again[name], before[name])
    np.testing.assert_array_equal(drawn[0].debye_waller, before["debye_waller"])
    assert (again.attributes["n_runs"], again.attributes["temperature"]) == (8, 0.6)
    overlaps = pd.read_csv(tmp_path / "overlap" / "bare.csv")
    with_mobility = {"DW_small", "DW_equal_size", "DW_attainable", "DW_lin"}
    with_mobility |= {"DW_pq", "DW_p", "DW_d", "scan_DW_p"}
    without = {"d_p", "lin_p", "pq_pdq", "scan_d_p", "scan_lin_p"}
    assert set(overlaps["quantity"]) == with_mobility | without


def test_several_state_points_make_one_trajectory(results, tmp_path, capsys):
    names = [NAME, "N120_T0.600_s001"]
    main(["export", str(results), *names, "-o", str(tmp_path / "both.lammpstrj.gz")])
    assert capsys.readouterr().err == f"{tmp_path / 'both.lammpstrj.gz'}: 18 frames\n"
    for number, name in ((0, names[0]), (9, names[1])):
        thermal = storage.read(results / "equilibrium" / f"{name}.h5")
        found = foreign.read(tmp_path / "both.lammpstrj.gz", number)
        np.testing.assert_array_equal(found.configuration.positions, thermal["positions"])
        np.testing.assert_array_equal(found.configuration.species, thermal["species"])
    message = failure(capsys, "export", tmp_path, "none", "-o", tmp_path / "both.gsd")
    assert "both.gsd: a format that is not written" in message


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("debye_waller:R:3", "0.1 0.2 0.3"),
        ("debye_waller:R:2", "0.1 0.2"),
        ("propensity:L:1", "T"),
        ("propensity:R:1", "inf"),
    ],
)
def test_a_field_of_that_name_that_is_no_such_field_is_told(
    tmp_path, capsys, monkeypatch, column, values
):
    monkeypatch.setattr(exchange, "analyse", None)
    file = theirs(tmp_path)
    number, comment, *rows = file.read_text().splitlines()
    comment = re.sub(r"Properties=\S+", rf"\g<0>:{column}", comment)
    file.write_text("\n".join([number, comment, *(f"{row} {values}" for row in rows)]))
    found = failure(capsys, "import", file, "--output", tmp_path / "out", *FINE)
    assert f"column '{column.split(':')[0]}': one finite number per particle expected" in found


def test_coinciding_particles_are_told(tmp_path, capsys):
    file = theirs(tmp_path)
    lines = file.read_text().splitlines()
    lines[3] = lines[2]
    file.write_text("\n".join(lines))
    found = failure(capsys, "import", file, "--output", tmp_path / "out", *FINE)
    assert "coincide" in found


def test_what_cannot_be_written_or_read_is_told(tmp_path, capsys):
    file = theirs(tmp_path)
    output = ["--output", tmp_path / "out"]
    missing = failure(capsys, "import", tmp_path / "none.xyz", *output)
    assert missing == f"softmodes: {tmp_path / 'none.xyz'}: no such file"
    assert "N1_T1.000_s000.h5: no such file" in failure(
        capsys, "export", tmp_path, "N1_T1.000_s000", *output
    )
    assert f"{file}.provenance.json: No such file" in failure(capsys, "provenance", file)
    assert "none.h5: no such file" in failure(capsys, "provenance", tmp_path / "none.h5")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("file", "Not a directory"),
        ("file/deeper", "Not a directory"),
        ("/proc/none", "No such file or directory"),
        ("taken", "taken/fields: Not a directory"),
    ],
)
def test_a_folder_that_cannot_be_is_told_before_anything_is_computed(
    tmp_path, capsys, monkeypatch, place, message
):
    monkeypatch.setattr(exchange, "analyse", None)
    (tmp_path / "file").touch()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "fields").touch()
    before = sorted(tmp_path.rglob("*"))
    source = theirs(tmp_path / "taken")
    found = failure(capsys, "import", source, "--output", tmp_path / place, *FINE)
    assert f"{message}, a folder to write to expected" in found
    source.unlink()
    assert sorted(tmp_path.rglob("*")) == before


COMMAND = [sys.executable, "-c", "from softmodes.cli import main; main()"]


@pytest.mark.parametrize("command", ["import", "export", "provenance"])
def test_help_prints_where_there_are_no_greek_letters(command):
    done = subprocess.run(
        [*COMMAND, command, "--help"],
        cwd=ROOT / "workflow",
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (b"\\u03b3" in done.stdout) == (command == "import")


def test_a_reader_that_leaves_ends_the_command_quietly(tmp_path):
    """Before what is printed fills a pipe, and after."""
    for n_inputs in (1, 3000):
        told = {"git_commit": "a", "written": "", "code_digest": ""}
        told |= {"input_digests": {f"tables/{number:060}.csv": "" for number in range(n_inputs)}}
        (tmp_path / "a.csv.provenance.json").write_text(json.dumps(told))
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [*COMMAND, "provenance", str(tmp_path / "a.csv")],
            cwd=ROOT / "workflow",
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            stdout=writing,
            stderr=subprocess.PIPE,
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (141, b"")


def test_a_mistake_ends_without_a_traceback(tmp_path):
    done = subprocess.run(
        [*COMMAND, "provenance", str(tmp_path / "none.h5")],
        cwd=ROOT / "workflow",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == f"softmodes: {tmp_path / 'none.h5'}: no such file\n"


def test_the_chain_of_a_figure_goes_back_to_the_first_temperature(results, tmp_path, capsys):
    """Down to the random start, each file's inputs once; then with a changed and a lost one."""
    study = shutil.copytree(results, tmp_path / "study")
    figure = study / "figures" / "fig3.png"

    def chain() -> list[tuple[int, str, str, str]]:
        main(["provenance", str(figure)])
        lines = capsys.readouterr().out.splitlines()
        pattern = re.compile(r"( *)([^,]+)(?:, (as recorded|CHANGED since|not found))?(.*)")
        return [pattern.fullmatch(line).groups() for line in lines]

    def told(name: str) -> str:
        texts = storage.read_provenance(study / name)
        commit, *changed = texts["git_commit"].split("-")
        commit = "-".join([commit[:12], *changed])
        return f", written {texts['written']}, commit {commit}, code {texts['code_digest'][:12]}"

    hot = "equilibrium/N120_T1.000_s000.h5"
    expected = [
        (0, str(figure)),
        (1, "tables/maps.csv"),
        (2, f"equilibrium/{NAME}.h5"),
        (3, hot),
        (2, f"isoconfigurational/{NAME}.h5"),
        (3, f"equilibrium/{NAME}.h5"),
        (2, f"modes/{NAME}.h5"),
        (3, f"equilibrium/{NAME}.h5"),
        (3, f"quench/{NAME}.h5"),
        (4, f"equilibrium/{NAME}.h5"),
        (2, f"quench/{NAME}.h5"),
    ]
    found = chain()
    assert [(len(indent) // 2, name) for indent, name, *_ in found] == expected
    assert [state for *_, state, _ in found] == [None] + ["as recorded"] * 10
    for number, (_, name, _, rest) in enumerate(found):
        fresh = number in (0, 1, 2, 3, 4, 6, 8)
        assert rest == (told(name) if fresh else ", inputs above"), number

    shutil.copy(study / "equilibrium" / "N120_T0.600_s001.h5", study / "equilibrium" / f"{NAME}.h5")
    (study / "quench" / f"{NAME}.h5").write_bytes(b"cut short")
    states = {name: state or rest for _, name, state, rest in chain()}
    assert states[f"equilibrium/{NAME}.h5"] == "CHANGED since"
    assert states[f"quench/{NAME}.h5"] == ", unreadable"
    assert states[f"modes/{NAME}.h5"] == "as recorded"
    assert states["equilibrium/N120_T1.000_s001.h5"] == "as recorded"
    (study / "quench" / f"{NAME}.h5").unlink()
    assert {state for _, name, state, _ in chain() if name.startswith("quench")} == {"not found"}
