"""The archive of a study: what is in it, what its manifest says, and what verifying it finds."""

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml
from rocrate.rocrate import ROCrate

from softmodes.errors import InputError
from softmodes.report import archive
from softmodes.study import storage

ROOT = Path(__file__).parents[1]
TEST = ROOT / "config" / "test.yaml"
CONFIG = yaml.safe_load(TEST.read_text())
MANIFEST = "manifest-sha256.txt"


@pytest.fixture
def files(tmp_path):
    """A table and a figure made of it, with their side files, and what every archive needs."""
    folder = tmp_path / "study"
    (folder / "tables").mkdir(parents=True)
    (folder / "figures").mkdir()
    (folder / "equilibrium.txt").write_text("stands for an input\n")
    table, figure = folder / "tables" / "gamma_c.csv", folder / "figures" / "fig1.pdf"
    table.write_text("gamma_c\n0.071\n")
    figure.write_bytes(b"%PDF" + bytes(range(256)) * 9)
    storage.write_provenance([table], [folder / "equilibrium.txt"], "{}")
    storage.write_provenance([figure], [table], "{}")
    names = ["tables/gamma_c.csv", "figures/fig1.pdf"]
    names += [f"{name}.provenance.json" for name in names]
    return {name: folder / name for name in names} | {"CITATION.cff": ROOT / "CITATION.cff"}


@pytest.fixture
def packed(files, tmp_path):
    path = tmp_path / "study.zip"
    archive.pack(path, files, CONFIG)
    return path


def rewritten(path, change):
    """An archive anew from its members, by name, after a change of them."""
    with zipfile.ZipFile(path) as crate:
        members = {name: crate.read(name) for name in crate.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as crate:
        for name, content in members.items():
            crate.writestr(name, content)


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def checksums(path):
    """The manifest as it reads, and the members' checksums computed here."""
    with zipfile.ZipFile(path) as crate:
        lines = crate.read(MANIFEST).decode().splitlines()
        found = {name: hashlib.sha256(crate.read(name)).hexdigest() for name in crate.namelist()}
    return {line[66:]: line[:64] for line in lines}, found


def test_the_manifest_names_every_other_file_with_its_checksum(packed, files):
    manifest, found = checksums(packed)
    del found[MANIFEST]
    assert manifest == found
    for name, path in files.items():
        assert manifest[name] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert archive.faults(packed) == []


def test_sha256sum_checks_an_unpacked_archive(packed, tmp_path):
    with zipfile.ZipFile(packed) as crate:
        crate.extractall(tmp_path / "unpacked")
    done = subprocess.run(["sha256sum", "--check", "--strict", MANIFEST], cwd=tmp_path / "unpacked")
    assert done.returncode == 0


def test_the_configuration_comes_back(packed):
    with zipfile.ZipFile(packed) as crate:
        assert yaml.safe_load(crate.read("config.yaml")) == CONFIG


def test_equal_files_give_equal_bytes_and_another_content_others(packed, files, tmp_path):
    archive.pack(tmp_path / "again.zip", dict(reversed(files.items())), CONFIG)
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()
    with zipfile.ZipFile(packed) as crate:
        assert {member.date_time for member in crate.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    archive.pack(tmp_path / "other.zip", files, CONFIG | {"seed": 8})
    assert (tmp_path / "other.zip").read_bytes() != packed.read_bytes()


def test_a_flipped_byte_is_found_in_every_member(packed):
    with zipfile.ZipFile(packed) as crate:
        members = crate.infolist()
    whole = packed.read_bytes()
    for member in members:
        damaged = bytearray(whole)
        # after the local header, 30 bytes and the name
        damaged[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 1
        packed.write_bytes(damaged)
        (fault,) = archive.faults(packed)
        assert fault.startswith(f"{member.filename} ")


def test_a_changed_content_is_found(packed):
    rewritten(packed, lambda members: members.update({"tables/gamma_c.csv": b"gamma_c\n0.072\n"}))
    assert archive.faults(packed) == [
        "tables/gamma_c.csv has another checksum than the manifest says"
    ]


def test_missing_and_extra_files_are_found(packed):
    def change(members):
        del members["figures/fig1.pdf"]
        members["tables/more.csv"] = b""

    rewritten(packed, change)
    assert archive.faults(packed) == [
        "tables/more.csv is not in the manifest",
        "figures/fig1.pdf is missing",
    ]


def test_a_member_twice_is_found(packed):
    with zipfile.ZipFile(packed, "a") as crate, pytest.warns(UserWarning, match="Duplicate"):
        crate.writestr("tables/gamma_c.csv", b"gamma_c\n0.071\n")
    assert archive.faults(packed) == ["tables/gamma_c.csv is there twice"]


def test_without_its_manifest_or_its_end_nothing_is_sound(packed):
    packed.write_bytes(packed.read_bytes()[:-100])
    (fault,) = archive.faults(packed)
    assert fault.startswith("no readable zip")
    with zipfile.ZipFile(packed, "w") as crate:
        crate.writestr("tables/gamma_c.csv", "")
    assert archive.faults(packed) == [f"{MANIFEST} is missing"]
    with pytest.raises(InputError, match="no such file, an archive expected"):
        archive.faults(packed.with_name("none.zip"))


def test_a_figure_of_another_table_is_not_packed(files, tmp_path):
    files["tables/gamma_c.csv"].write_text("gamma_c\n0.08\n")
    with pytest.raises(InputError, match=r"figures/fig1\.pdf was made of another tables/gamma_c"):
        archive.pack(tmp_path / "study.zip", files, CONFIG)
    assert not (tmp_path / "study.zip").exists()


def test_numbers_of_samples_that_differ_are_described(files, tmp_path):
    first, *colder = CONFIG["temperatures"]
    fewer = [{**entry, "samples": 1} for entry in colder]
    archive.pack(tmp_path / "study.zip", files, CONFIG | {"temperatures": [first, *fewer]})
    with zipfile.ZipFile(tmp_path / "study.zip") as crate:
        (root, *_) = json.loads(crate.read("ro-crate-metadata.json"))["@graph"][1:]
    assert root["description"].startswith("1 to 2 samples of N = 120 at T = 1.0, 0.6: tables")


def test_a_missing_file_is_named(files, tmp_path):
    files["figures/fig1.pdf"].unlink()
    with pytest.raises(InputError, match=r"fig1\.pdf: No such file .* a file to pack expected"):
        archive.pack(tmp_path / "study.zip", files, CONFIG)


@pytest.fixture(scope="module")
def deposit(study, snakemake, tmp_path_factory):
    """Folder of a run of the workflow, the study packed and verified by its rules."""
    folder = tmp_path_factory.mktemp("deposit") / "study"
    shutil.copytree(study, folder)
    one = {"n_particles": 100, "temperature": 1.0, "samples": 2, "interval": 0.2, "quenches": 8}
    landscape = {"ensembles": [one | {"mode_fractions": [0.03]}]}
    configuration = folder / "with_landscape.yaml"
    configuration.write_text(yaml.safe_dump(CONFIG | {"landscape": landscape}))
    done = snakemake(folder, configuration, "--cores=1", "verify")
    assert done.returncode == 0, done.stdout
    total = checksum(folder / "results" / "test" / "test.zip")
    assert f"results/test/test.zip: intact, SHA-256 {total}\n" in done.stdout
    assert re.search(rf"results/test/test\.zip: \d+ files packed, SHA-256 {total}\n", done.stdout)
    return folder


def test_a_study_is_packed_whole_but_for_its_simulations(deposit):
    results = deposit / "results" / "test"
    expected = {
        str(path.relative_to(results))
        for pattern in ("tables/*", "figures/*", "overlap/*", "landscape/*.csv*", "summary.*")
        for path in results.glob(pattern)
    }
    assert len(expected) == 2 * (14 + 10 + 2 + 1 + 2)
    environment = {f"envs/{path.name}" for path in (ROOT / "envs").iterdir()}
    expected |= {"LICENSE", "CITATION.cff"} | environment - {"envs/lock-test.txt"}
    expected |= {MANIFEST, "config.yaml", "hdf5-digests.txt", "ro-crate-metadata.json"}
    manifest, found = checksums(results / "test.zip")
    assert set(found) == expected
    assert manifest.items() <= found.items()
    with zipfile.ZipFile(results / "test.zip") as crate:
        digests = crate.read("hdf5-digests.txt").decode().splitlines()
    stages = ("equilibrium", "relaxation", "isoconfigurational", "quench", "modes", "landscape")
    assert digests == sorted(
        (
            f"{storage.digest(path)}  {stage}/{path.name}"
            for stage in stages
            for path in (results / stage).glob("*.h5")
        ),
        key=lambda line: line[66:],
    )


def test_an_independent_reader_finds_every_file_described(deposit, tmp_path):
    path = deposit / "results" / "test" / "test.zip"
    with zipfile.ZipFile(path) as crate:
        names = set(crate.namelist())
        crate.extractall(tmp_path)
        metadata = json.loads(crate.read("ro-crate-metadata.json"))
    crate = ROCrate(tmp_path)
    described = {entity.id for entity in crate.data_entities if entity.type == "File"}
    assert described == names - {"ro-crate-metadata.json"}
    for entity in crate.data_entities:
        if entity.type == "File":
            size = (tmp_path / entity.id).stat().st_size
            assert int(entity.get("contentSize", size)) == size
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.1"
    root = crate.root_dataset
    assert root["license"].id == "https://spdx.org/licenses/BSD-3-Clause"
    assert root["citation"].id == "https://doi.org/10.1103/PhysRevLett.112.105503"
    assert {author["name"] for author in root["author"]} == {"softmodes authors"}
    assert root["name"]
    assert root["description"]
    assert root["datePublished"]
    # every reference within the crate leads to an entity
    entities = {entity["@id"] for entity in metadata["@graph"]}
    assert len(entities) == len(metadata["@graph"])
    references = set()

    def collect(value):
        if isinstance(value, dict):
            references.update([value["@id"]] if set(value) == {"@id"} else [])
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(metadata["@graph"])
    assert references - entities == {"https://w3id.org/ro/crate/1.1"}


def test_verifying_writes_its_verdict_and_fails_on_damage(deposit, snakemake, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(deposit, folder)
    results = folder / "results" / "test"
    path, verdict = results / "test.zip", results / "test.verdict.json"
    assert json.loads(verdict.read_text()) == {
        "archive": "test.zip",
        "sha256": checksum(path),
        "intact": True,
        "faults": [],
    }
    rewritten(path, lambda members: members.pop("summary.md"))
    done = snakemake(folder, folder / "with_landscape.yaml", "--cores=1", "verify")
    assert done.returncode != 0
    assert "test.zip: not intact: summary.md is missing" in done.stdout
    assert "Traceback" not in (results / "logs" / "verify.log").read_text()
    found = json.loads(verdict.read_text())
    assert not found["intact"]
    assert found["faults"] == ["summary.md is missing"]
