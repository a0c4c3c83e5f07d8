"""The library installed from a wheel: whole, and with no other repository's commit."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import softmodes
from softmodes.interop import exchange
from softmodes.study.code_digest import code_digest

ROOT = Path(__file__).parents[1]
PROGRAM = """
import json
from pathlib import Path
from softmodes.interop import exchange
from softmodes.report import rendering
from softmodes.study import config, storage
from softmodes.study.code_digest import code_digest
found = {
    "file": storage.__file__,
    "study": config.load(CONFIG)["study"],
    "code": code_digest(exchange.__file__, exchange.LOCK),
    "commit": storage.provenance()["git_commit"],
    "page": rendering.render("page.html", title="A", body="B"),
}
print(json.dumps(found))
"""


def run(*command: str, **environment: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def git(folder: Path, *arguments: str) -> str:
    """What git prints in a folder."""
    return run("git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's repository; in `installed`, which it does not track, this library from a wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    source, wheels, project = (folder / name for name in ("source", "wheels", "project"))
    # built from a copy: setuptools leaves files beside the source
    shutil.copytree(
        ROOT,
        source,
        symlinks=True,
        ignore=shutil.ignore_patterns(".*", "results", "__pycache__", "*.egg-info", "build"),
    )
    pip = sys.executable, "-m", "pip", "--disable-pip-version-check"
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(source))
    (wheel,) = map(str, wheels.iterdir())
    project.mkdir()
    run(*pip, "install", "--no-deps", "--no-index", "--target", str(project / "installed"), wheel)
    shutil.rmtree(source)
    git(project, "init", "--quiet")
    (project / "notes.txt").write_text("Somebody's.\n")
    git(project, "add", "notes.txt")
    git(project, "commit", "--quiet", "--message=Notes")
    return project


def told(project: Path) -> dict[str, str]:
    """What the installed library says of itself."""
    program = PROGRAM.replace("CONFIG", repr(str(ROOT / "config" / "test.yaml")))
    found = json.loads(run(sys.executable, "-c", program, PYTHONPATH=str(project / "installed")))
    assert Path(found["file"]).is_relative_to(project)
    return found


def test_schema_lock_templates_and_all_modules_are_in_it(project: Path) -> None:
    found = told(project)
    assert found["study"] == "test"
    assert found["code"] == code_digest(exchange.__file__, exchange.LOCK)
    assert "<title>A</title>" in found["page"]
    names, installed = (
        {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
        for folder in (ROOT / "workflow" / "softmodes", project / "installed" / "softmodes")
    )
    compiled = {name for name in names if name.endswith(".pyc")}
    assert names - installed <= {"LAYOUT.md"} | compiled
    assert (project / "installed" / f"softmodes-{softmodes.__version__}.dist-info").is_dir()


def test_the_commit_is_of_a_repository_that_tracks_it_or_unknown(project: Path) -> None:
    assert told(project)["commit"] == "unknown"
    git(project, "add", "--force", "installed/softmodes")
    git(project, "commit", "--quiet", "--message=Library")
    assert told(project)["commit"] == git(project, "rev-parse", "HEAD")
