"""What the package itself offers: its version and its public names."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import softmodes
from softmodes.cli import main

ROOT = Path(__file__).parents[1]


def test_the_version_is_one_everywhere(capsys: pytest.CaptureFixture) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"] == {
        "version": {"attr": "softmodes.__version__"}
    }
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert softmodes.__version__ == str(citation["version"])
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"softmodes {softmodes.__version__}\n"


def test_public_names_are_those_of_their_modules() -> None:
    for name, module in softmodes.PUBLIC.items():
        found = vars(importlib.import_module(f"softmodes.{module}"))
        assert getattr(softmodes, name) is found[name]
    assert set(softmodes.PUBLIC) < set(dir(softmodes))
    with pytest.raises(AttributeError, match="module 'softmodes' has no attribute 'minimize'"):
        softmodes.minimize  # noqa: B018


def test_no_public_name_is_a_modules() -> None:
    modules = {path.stem for path in Path(softmodes.__file__).parent.iterdir()}
    assert not modules & set(softmodes.PUBLIC)


WITHOUT_WORKFLOW = """
import importlib, sys
sys.modules |= dict.fromkeys({blocked})  # importing these fails
"""


def run_without_workflow(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program where nothing of the extra `workflow` is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {Requirement(one).name for one in project["optional-dependencies"]["workflow"]}
    modules = packages_distributions().items()
    blocked = sorted(module for module, names in modules if extra & set(map(str.lower, names)))
    assert {"pandas", "yaml", "matplotlib"} <= set(blocked)
    command = [sys.executable, "-c", WITHOUT_WORKFLOW.format(blocked=blocked) + program]
    return subprocess.run(command, cwd=ROOT / "workflow", capture_output=True, text=True)


def test_the_physics_takes_nothing_of_the_workflow() -> None:
    rooms = ("kernels", "system", "landscape", "analysis", "dynamics")
    library = ROOT / "workflow" / "softmodes"
    names = {
        f"softmodes.{room}.{path.stem}" for room in rooms for path in (library / room).glob("*.py")
    }
    names -= {"softmodes.analysis.gamma_c"}  # makes tables
    program = f"for name in {sorted(names)}: importlib.import_module(name)"
    done = run_without_workflow(program + "\nimport softmodes.study.storage\n")
    assert done.returncode == 0, done.stderr


def test_a_command_tells_what_it_lacks() -> None:
    program = (
        "from softmodes.cli import main\nmain(['export', '.', 'N2_T1.000_s000', '-o', 'a.xyz'])"
    )
    done = run_without_workflow(program)
    assert done.returncode == 1
    assert re.fullmatch(
        r'softmodes: \w+ is not installed; pip install "softmodes\[workflow\]"\n', done.stderr
    )


def test_the_package_alone_imports_nothing_more() -> None:
    ask = (
        "import importlib, sys; before = set(sys.modules); import softmodes;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=ROOT / "workflow",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["softmodes"]
