"""A study as one zip to deposit: packed with a manifest of checksums, and checked against it.

The zip is an RO-Crate 1.1 (https://w3id.org/ro/crate/1.1): `ro-crate-metadata.json` describes every
file. `manifest-sha256.txt` has a line per file but itself, in the form of `sha256sum`, so that
`sha256sum --check manifest-sha256.txt` checks an unpacked crate without this package. The HDF5
files stay out, for they are large and what they say is in the tables; `hdf5-digests.txt` names them
with their `storage.digest`, as the tables and figures quote them. Equal files and an equal
configuration give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from softmodes.errors import InputError
from softmodes.study import atomic, storage
from softmodes.study.config import n_samples, temperatures

METADATA = "ro-crate-metadata.json"
MANIFEST = "manifest-sha256.txt"
CONFIG = "config.yaml"
HDF5_DIGESTS = "hdf5-digests.txt"
CITATION = "CITATION.cff"

_ORIGIN = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: files carry none of their own."""

_PERMISSIONS = 0o644 << 16

_FORMATS = {
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
}

_FOLDERS = {
    "envs": "What the environment of the runs was made from",
    "figures": "The figures of the Letter and beyond it, drawn from this study",
    "landscape": "Structures along trajectories, per number of particles and temperature",
    "linear_response": "Response to shear by modes, per number of particles and temperature",
    "overlap": "Overlaps per number of particles and temperature, one row per sample and pair",
    "tables": "The tables that the figures are drawn from",
    "variants": "Overlaps with choices made otherwise, per sample",
}

_DESCRIPTIONS = {
    CITATION: "How to cite the software and the Letter",
    CONFIG: "The study's configuration: run it with --configfile to make everything again",
    HDF5_DIGESTS: "Digests of the simulations' HDF5 files, which are not in this crate",
    "LICENSE": "The licence",
    MANIFEST: "SHA-256 of every file but this one",
    "summary.json": "The summary as data",
    "summary.md": "What the study found beside each statement of the Letter",
}


def pack(path: str | Path, files: Mapping[str, str | Path], config: Mapping[str, Any]) -> None:
    """Write the archive of a study, atomically.

    Args:
        path: zip to write.
        files: the files to pack by their names in the archive: results as they lie under
            results/<study>/, with their side files, and `CITATION.cff`.
        config: the study's configuration.

    Raises:
        InputError: a file is missing, or a side file quotes another content of an input than that
            which is packed or the other side files quote.
    """
    contents = {name: _content(source) for name, source in files.items()}
    origins = {
        name.removesuffix(storage.SIDE_FILE_SUFFIX): json.loads(content)
        for name, content in contents.items()
        if name.endswith(storage.SIDE_FILE_SUFFIX)
    }
    contents[CONFIG] = yaml.safe_dump(
        dict(config), sort_keys=False, allow_unicode=True, default_flow_style=None
    ).encode()
    digests = _hdf5_digests(path, origins, contents)
    contents[HDF5_DIGESTS] = _lines(digests)
    contents[METADATA] = _metadata(contents, origins, config)
    contents[MANIFEST] = _lines({name: _sha256(content) for name, content in contents.items()})
    with (
        atomic.replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as crate,
    ):
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _ORIGIN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = _PERMISSIONS
            crate.writestr(entry, contents[name])


def faults(path: str | Path) -> list[str]:
    """What is wrong with an archive, one text per file: damaged, missing or extra; empty if sound.

    Raises:
        InputError: there is no such file.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file, an archive expected")
    try:
        with zipfile.ZipFile(path) as crate:
            return _faults(crate)
    except (zipfile.BadZipFile, OSError) as error:
        return [f"no readable zip ({error})"]


def _faults(crate: zipfile.ZipFile) -> list[str]:
    names = crate.namelist()
    if MANIFEST not in names:
        return [f"{MANIFEST} is missing"]
    try:
        lines = crate.read(MANIFEST).decode().splitlines()
        expected = {name: checksum for checksum, name in (line.split("  ", 1) for line in lines)}
    except (zipfile.BadZipFile, zlib.error, ValueError):
        return [f"{MANIFEST} is damaged"]
    found = [f"{name} is there twice" for name in sorted(set(names)) if names.count(name) > 1]
    found += [f"{name} is not in the manifest" for name in sorted({*names} - {*expected, MANIFEST})]
    found += [f"{name} is missing" for name in sorted({*expected} - {*names})]
    for name in sorted({*expected} & {*names}):
        try:
            if _sha256(crate.read(name)) != expected[name]:
                found.append(f"{name} has another checksum than the manifest says")
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError):
            found.append(f"{name} is damaged")
    return found


def checksum(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return _sha256(Path(path).read_bytes())


def _hdf5_digests(
    path: str | Path, origins: Mapping[str, Mapping[str, Any]], contents: Mapping[str, bytes]
) -> dict[str, str]:
    """Digests of the HDF5 files by stage and name, from what all results quote of their inputs."""
    packed = {name: _sha256(content) for name, content in contents.items()}
    known: dict[str, str] = {}
    for result, origin in sorted(origins.items()):
        for name, quoted in origin["input_digests"].items():
            if packed.get(name, known.get(name, quoted)) != quoted:
                raise InputError(
                    f"{path}: {result} was made of another {name} than the one here or that other "
                    "results were made of; run the study again before packing it"
                )
            if name not in packed:
                known[name] = quoted
    return known


def _metadata(
    contents: Mapping[str, bytes], origins: Mapping[str, Mapping[str, Any]], config: Mapping
) -> bytes:
    """The crate's description as JSON-LD; every file of `contents` and the manifest is in it."""
    citation = yaml.safe_load(contents[CITATION])
    letter = citation["references"][0]
    letter_id = f"https://doi.org/{letter['doi']}"
    licence_id = f"https://spdx.org/licenses/{citation['license']}"
    authors = [_person(author) for author in citation["authors"]]
    letter_authors = [_person(author) for author in letter["authors"]]
    names = sorted([*contents, MANIFEST])
    folders = sorted({name.split("/")[0] for name in names if "/" in name})
    parts = [{"@id": name} for name in names if "/" not in name]
    parts += [{"@id": f"{folder}/"} for folder in folders]
    commits = sorted({origin["git_commit"] for origin in origins.values()})
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Study {config['study']}: soft modes and nonaffine rearrangements",
        "description": (
            f"{_listed(_samples_of(config, size) for size in config['n_particles'])} at T = "
            f"{_listed(temperatures(config))}: tables, figures "
            "and summary of a study of soft modes and nonaffine rearrangements in the inherent "
            f"structures of a supercooled liquid, with its configuration and provenance. Check it "
            f"with: sha256sum --check {MANIFEST}"
        ),
        "datePublished": max(origin["written"] for origin in origins.values())[:10],
        "license": {"@id": licence_id},
        "author": [{"@id": author["@id"]} for author in authors],
        "keywords": ", ".join(citation["keywords"]),
        "citation": {"@id": letter_id},
        "hasPart": parts,
        "mentions": {"@id": "#run"},
    }
    graph = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        root,
        *(_folder(folder, names) for folder in folders),
        *(_file(name, contents, origins) for name in names if name != METADATA),
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": "The runs and analyses of the study",
            "instrument": {"@id": "#softmodes"},
            "object": {"@id": CONFIG},
            "result": [{"@id": name} for name in sorted(origins)],
            "startTime": min(origin["started"] for origin in origins.values()),
            "endTime": max(origin["written"] for origin in origins.values()),
        },
        {
            "@id": "#softmodes",
            "@type": "SoftwareApplication",
            "name": citation["title"],
            "softwareVersion": f"{citation['version']} (git commit {_listed(commits)})",
            "license": {"@id": licence_id},
            "author": [{"@id": author["@id"]} for author in authors],
        },
        {
            "@id": letter_id,
            "@type": "ScholarlyArticle",
            "name": letter["title"],
            "author": [{"@id": author["@id"]} for author in letter_authors],
            "datePublished": str(letter["year"]),
        },
        {
            "@id": licence_id,
            "@type": "CreativeWork",
            "name": citation["license"],
            "url": licence_id,
        },
        *authors,
        *letter_authors,
    ]
    document = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _samples_of(config: Mapping[str, Any], n_particles: int) -> str:
    numbers = [n_samples(config, n_particles, temperature) for temperature in temperatures(config)]
    fewest, most = min(numbers), max(numbers)
    number = f"{most}" if fewest == most else f"{fewest} to {most}"
    return f"{number} samples of N = {n_particles}"


def _folder(folder: str, names: Iterable[str]) -> dict[str, Any]:
    return {
        "@id": f"{folder}/",
        "@type": "Dataset",
        "name": folder,
        "description": _FOLDERS[folder],
        "hasPart": [{"@id": name} for name in names if name.startswith(f"{folder}/")],
    }


def _file(
    name: str, contents: Mapping[str, bytes], origins: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    entity: dict[str, Any] = {"@id": name, "@type": "File", "name": name.split("/")[-1]}
    if name in contents:  # all but the manifest, which is made last
        entity["contentSize"] = str(len(contents[name]))
    entity["encodingFormat"] = _FORMATS.get(Path(name).suffix, "text/plain")
    if name in _DESCRIPTIONS:
        entity["description"] = _DESCRIPTIONS[name]
    if name.endswith(storage.SIDE_FILE_SUFFIX):
        entity["about"] = {"@id": name.removesuffix(storage.SIDE_FILE_SUFFIX)}
    if name in origins:
        entity["dateCreated"] = origins[name]["written"]
    return entity


def _person(author: Mapping[str, str]) -> dict[str, str]:
    """A person or a group of the citation file."""
    if "name" in author:
        name, kind = author["name"], "Organization"
    else:
        name, kind = f"{author['given-names']} {author['family-names']}", "Person"
    return {"@id": f"#{name.replace(' ', '-')}", "@type": kind, "name": name}


def _content(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}, a file to pack expected") from error


def _lines(checksums: Mapping[str, str]) -> bytes:
    """As `sha256sum` writes them, sorted by name."""
    return "".join(f"{total}  {name}\n" for name, total in sorted(checksums.items())).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))
