"""What the package itself offers: its version and its public names."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

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
