"""Locks and conda environment say the same as the package's metadata."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOCKS = ["lock.txt", "lock-test.txt"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STUDY = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["workflow"]
OLDEST = {"python_version": "3.11", "python_full_version": "3.11.0"}


def locked(name):
    """Requirements of a lock that hold for the oldest Python, by package."""
    text = (ROOT / "envs" / name).read_text(encoding="utf-8")
    found = [Requirement(line.rstrip(" \\")) for line in re.findall(r"^\w.*$", text, re.M)]
    return {
        requirement.name: str(requirement.specifier).removeprefix("==")
        for requirement in found
        if not requirement.marker or requirement.marker.evaluate(OLDEST)
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_versions_and_hashes_but_no_place(lock):
    text = (ROOT / "envs" / lock).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|index", text)
    for block in re.split(r"\n(?=\w)", text.strip()):
        assert re.match(r"[\w.-]+==\S+( ; .*)? \\\n", block), block
        assert "--hash=sha256:" in block


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_within_the_ranges(lock):
    wanted = STUDY + PROJECT["dependency-groups"]["build"]
    if lock == "lock-test.txt":
        wanted += PROJECT["project"]["optional-dependencies"]["test"]
    versions = locked(lock)
    for requirement in map(Requirement, wanted):
        if not requirement.marker or requirement.marker.evaluate(OLDEST):
            assert versions[requirement.name] in requirement.specifier


def test_both_locks_name_the_same_versions():
    runtime, test = map(locked, LOCKS)
    assert runtime.items() <= test.items()


def test_the_conda_environment_names_the_locks_versions():
    environment = yaml.safe_load((ROOT / "envs" / "softmodes.yaml").read_text(encoding="utf-8"))
    pinned = dict(entry.split("=") for entry in environment["dependencies"])
    assert pinned.pop("python") == OLDEST["python_version"]
    versions = locked("lock.txt")
    for name, version in pinned.items():
        assert version == versions[name.removesuffix("-base")]
    needed = {Requirement(entry).name for entry in STUDY}
    assert {name.removesuffix("-base") for name in pinned} == needed - {"snakemake", "pygments"}


@pytest.mark.parametrize("recipe", ["Dockerfile", "softmodes.def"])
def test_a_container_has_the_locks_versions(recipe):
    text = (ROOT / "envs" / recipe).read_text(encoding="utf-8")
    assert f"python:{OLDEST['python_version']}-slim" in text
    installs = re.findall(r"pip install .*", text)
    assert "--require-hashes -r envs/lock.txt" in installs[0]
    assert all("--no-deps" in install for install in installs[1:])


def test_every_rule_that_runs_a_script_declares_the_conda_environment():
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        rules = re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.M)[1:]
        for rule in rules:
            assert ("script:" in rule) <= ("conda:\n        ENVIRONMENT" in rule), (path, rule)


def test_a_rule_made_of_a_local_one_is_local_too():
    """`use rule` takes over all but that."""
    text = "".join(path.read_text("utf-8") for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    _, *parts = re.split(r"^(?:rule|use rule) (.*):$", text, flags=re.M)
    local = {
        head: "    localrule: True\n" in body
        for head, body in zip(parts[::2], parts[1::2], strict=True)
    }
    made = [head for head in local if " as " in head]
    assert made
    for head in made:
        assert local[head] == local[head.split()[0]], head
