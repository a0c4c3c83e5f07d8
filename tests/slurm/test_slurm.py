"""config/test.yaml through profiles/slurm on a real Slurm: a job is cancelled, nothing is lost."""

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from softmodes.study import config, costs, storage

ROOT = Path(__file__).parents[2]
TEST = ROOT / "config" / "test.yaml"
ON_NODES = {
    "compile": 1,
    "equilibrate": 4,
    "isoconfigurational": 4,
    "quench": 4,
    "diagonalise": 4,
    "overlap": 2,
    "aggregate": 1,
    "checks": 1,
}
CANCELLED = "quench"
PATIENCE = 1800


def queue(states):
    """Number, comment, time limit, memory and time of submission of Slurm's jobs in some state; the
    comment begins with the rule."""
    listed = subprocess.run(
        ["squeue", "--noheader", f"--states={states}", "--format=%i|%k|%l|%m|%V"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [line.split("|") for line in listed.splitlines()]


@pytest.fixture(scope="module")
def submitted(cluster, tmp_path_factory):
    """Folder of a study run by Slurm, what Snakemake printed, and the job that was cancelled."""
    folder = tmp_path_factory.mktemp("submitted")
    log = folder / "snakemake.txt"
    kernels = folder / "kernels"
    command = [
        *(sys.executable, "-m", "snakemake", "--profile=profiles/slurm"),
        *("--configfile=config/test.yaml", f"--directory={folder}"),
        # every few seconds, not for hours
        *("--slurm-init-seconds-before-status-checks=2", "--seconds-between-status-checks=2"),
        "--latency-wait=5",
    ]
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"NUMBA_CACHE_DIR": str(kernels)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        cancelled, end = None, time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            if cancelled is None:
                cancelled = next((job for job in queue("RUNNING") if CANCELLED in job[1]), None)
                if cancelled is not None:
                    subprocess.run(["scancel", cancelled[0]], check=True)
            time.sleep(0.2)
        if process.poll() is None:
            process.terminate()
            process.wait()
    assert process.returncode == 0, log.read_text()
    assert cancelled is not None
    return folder, log.read_text(), cancelled


def test_every_stage_is_submitted_and_the_cancelled_job_again(submitted):
    _, printed, cancelled = submitted
    assert f"SLURM-job '{cancelled[0]}' failed, SLURM status is: 'CANCELLED'" in printed
    rules = [comment.removeprefix("rule_").split("_")[0] for _, comment, *_ in queue("all")]
    expected = ON_NODES | {CANCELLED: ON_NODES[CANCELLED] + 1}
    assert {rule: rules.count(rule) for rule in rules} == expected
    (again,) = [job for job in queue("all") if job[1] == cancelled[1] and job[0] != cancelled[0]]
    assert int(again[0]) > int(cancelled[0])


def test_jobs_ask_for_what_is_worked_out_and_retries_for_more(submitted):
    _, _, cancelled = submitted
    study = config.load(TEST)
    for _, comment, limit, memory, *_ in queue("all"):
        rule, *wildcards = comment.removeprefix("rule_").replace("_wildcards", "").split("_")
        n, temperature = (int(wildcards[0]), float(wildcards[1])) if wildcards else (None, None)
        cost = costs.job(study, rule, n_particles=n, temperature=temperature)
        attempt = 2 if comment == cancelled[1] and limit != cancelled[2] else 1
        assert limit == f"{costs.minutes(cost, attempt)}:00"
        assert memory == f"{costs.megabytes(cost, attempt)}M"
    limits = [limit for _, comment, limit, *_ in queue("all") if comment == cancelled[1]]
    assert len(set(limits)) == 2


def test_results_are_those_of_a_local_run(submitted, results):
    folder, _, _ = submitted
    found = folder / "results" / "test"

    def contents(where):
        fields = {
            str(path.relative_to(where)): storage.digest(path) for path in where.rglob("*.h5")
        }
        tables = {str(path.relative_to(where)): path.read_bytes() for path in where.rglob("*.csv")}
        return fields | tables

    here, there = contents(results), contents(found)
    points = len(config.temperatures(config.load(TEST))) * 2
    assert len([name for name in here if name.endswith(".h5")]) == 5 * points
    assert here.keys() == there.keys()
    assert [name for name in here if here[name] != there[name]] == []


def test_jobs_are_submitted_when_one_has_compiled_the_kernels_of_all(submitted):
    folder, _, _ = submitted
    done = (folder / "results" / "test" / ".compiled").stat().st_mtime
    kernels = list((folder / "kernels").rglob("*.nbc"))
    assert len(kernels) > 20
    assert [path.name for path in kernels if path.stat().st_mtime > done] == []
    jobs = {comment: datetime.fromisoformat(at).timestamp() for _, comment, *_, at in queue("all")}
    assert jobs.pop("rule_compile") < done
    # the queue tells whole seconds
    assert min(jobs.values()) > done - 1
