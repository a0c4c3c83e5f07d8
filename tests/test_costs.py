"""Costs against the files and job lists of real runs, and against sums made another way."""

import itertools
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softmodes.dynamics.equilibration import schedule
from softmodes.dynamics.replicas import replicas_per_vector
from softmodes.dynamics.trajectory import COUPLING_INTERVAL, PRECISIONS
from softmodes.kernels.simd import VECTOR_BYTES
from softmodes.landscape.modes import N_EIGENVECTORS
from softmodes.stages import calibration
from softmodes.study import config, costs, equilibria

ROOT = Path(__file__).parents[1]
TEST, LETTER = ROOT / "config" / "test.yaml", ROOT / "config" / "letter.yaml"
PUBLISHED = ROOT / "results" / "published"


@pytest.fixture(scope="module")
def letter():
    return config.load(LETTER)


@pytest.fixture(scope="module")
def test_study():
    return config.load(TEST)


def test_seconds_are_those_of_the_published_benchmarks(letter):
    """Of kernels alone; the jobs' own seconds are far above the start of an interpreter."""
    text = (PUBLISHED / "benchmarks" / "benchmarks.txt").read_text()

    def ours(row):
        return float(re.search(rf"^{re.escape(row)}.*?  +(\S+) ", text, re.M)[1])

    # the step, whose kernels were timed in calls of as many, as they are twenty to an interval
    entry = config.at_temperature(letter, 0.4) | {"time_step": 0.005}
    steps = (entry["barostat_time"] + entry["equilibration_time"]) / entry["time_step"]
    # the analysis is little beside the trajectory
    alone = letter | {"series_points": 0, "temperatures": [entry]}
    for size, (precision, kind) in itertools.product((2000, 8000), PRECISIONS.items()):
        step = ours(f"trajectory, N = {size}, T = 0.40, {kind.__name__}, s/step, LAMMPS smooth")
        found = costs.job(
            alone | {"precision": precision}, "equilibrate", n_particles=size, temperature=0.4
        ).seconds
        assert found == pytest.approx(costs.START + steps * step, rel=0.2)
    run = ours("DWF, 10 τ, N = 2000, T = 0.40, float32, s/replica, LAMMPS smooth")
    double = ours("DWF, 10 τ, N = 2000, T = 0.40, float64, s/replica, LAMMPS smooth")
    for precision, expected in (("single", run), ("double", double)):
        hundred = {"isoconfigurational": letter["isoconfigurational"] | {"runs": 100}}
        study = letter | hundred | {"precision": precision}
        # its propensity is not asked for
        cost = costs.job(study, "isoconfigurational", n_particles=2000, temperature=0.4, sample=20)
        assert cost.seconds == pytest.approx(costs.START + 100 * expected, rel=0.15)
    modes = ours("lowest 1% of modes, N = 8000, against eigsh, s")
    few = letter | {"modes": {"fraction": 0.01, "scan_gamma": [], "scan_fractions": [0.01]}}
    assert costs.job(
        few, "diagonalise", n_particles=8000, temperature=0.4
    ).seconds == pytest.approx(26 * modes, rel=0.1)


def test_constants_of_the_physics_are_those_of_the_physics(letter):
    """Copied, so that the rules need not import the kernels."""
    assert costs.COUPLING_INTERVAL == COUPLING_INTERVAL
    assert costs.KEPT_VECTORS == N_EIGENVECTORS
    # the reference has vectors of 64 bytes
    blocks = {
        name: replicas_per_vector(kind) * 64 // VECTOR_BYTES for name, kind in PRECISIONS.items()
    }
    assert blocks == costs.REPLICAS
    frames = [
        len(schedule(entry["time_step"], entry["equilibration_time"], 20).frame_blocks)
        for entry in letter["temperatures"]
    ]
    assert max(frames) == pytest.approx(costs.MAX_FRAMES, rel=0.05)


def test_disk_is_that_of_the_files(results, test_study):
    lines = {line.stage: line for line in costs.estimate(test_study, 1).lines}
    for stage, folders in {
        "equilibrate": ["equilibrium", "relaxation"],
        "isoconfigurational": ["isoconfigurational"],
        "quench": ["quench"],
        "diagonalise": ["modes"],
    }.items():
        files = [path for folder in folders for path in (results / folder).glob("*.h5")]
        found = sum(path.stat().st_size for path in files)
        assert 1e6 * lines[stage].disk == pytest.approx(found, rel=0.35), stage


def test_jobs_of_the_letters_study_are_those_that_snakemake_plans(snakemake, tmp_path, letter):
    done = snakemake(tmp_path, LETTER, "--dry-run", "--quiet=rules")
    assert done.returncode == 0, done.stdout
    planned = {
        rule: int(count) for rule, count in re.findall(r"^(\w+)\s+(\d+)$", done.stdout, re.M)
    }
    states, varied = len(list(config.all_samples(letter))), letter["variants"]
    for rule in ("isoconfigurational", "quench", "diagonalise"):
        assert planned[rule] == states
    # published ones spare those on the way to them
    assert states < planned["equilibrate"] <= len(list(config.all_equilibria(letter)))
    assert planned["overlap"] == 2 * 12
    assert planned["vary"] == len(varied["temperatures"]) * varied["samples"]
    followed, sheared, responding = (config.ensembles(letter, block) for block in config.BLOCKS)
    runs = sum(one["samples"] for one in sheared) * len(letter["cyclic"]["amplitudes"])
    beyond = sum(one["samples"] for one in followed) + len(followed) + runs + len(responding)
    of_study = 1 + planned["equilibrate"] + 3 * states + 2 * 12 + planned["vary"] + 6 + 4 + 3
    # the blocks have a table and a figure each
    assert planned["total"] == of_study + beyond + 3 + 3

    figures = [planned.pop(f"figure{number}") for number in config.figure_numbers(letter)]
    published = {}
    for point in config.all_equilibria(letter):
        numbers = dict(zip(("n_particles", "temperature", "sample"), point, strict=True))
        model = {name: letter[name] for name in ("seed", "model", "ensemble")}
        times = {
            "equilibration_time": config.at_temperature(letter, point[1])["equilibration_time"]
        }
        if there := equilibria.find(ROOT / letter["equilibria"], **numbers, **model, **times):
            published[point] = there.time
    stages = {line.stage: line.jobs for line in costs.estimate(letter, 1, published).lines}
    assert stages.pop("figure") == sum(figures)
    assert stages.items() <= planned.items()


def test_linear_response_is_in_the_bill_and_grows_with_its_modes(test_study):
    ensemble = {"n_particles": 2000, "temperature": 0.6, "samples": 3}
    study = test_study | {"linear_response": {"ensembles": [ensemble]}}
    lines, without = (
        {line.stage: line for line in costs.estimate(one, 1).lines} for one in (study, test_study)
    )
    assert not {"respond", "linear_response"} & without.keys()
    assert (lines["respond"].jobs, lines["linear_response"].jobs) == (1, 1)
    assert lines["figure"].jobs == without["figure"].jobs + 1

    def seconds(*fractions, samples=3):
        modes = study["modes"] | {"scan_fractions": list(fractions)}
        block = {"ensembles": [ensemble | {"samples": samples}]}
        changed = study | {"modes": modes, "linear_response": block}
        found = costs.job(changed, "respond", n_particles=2000, temperature=0.6)
        return found.seconds - costs.START

    assert seconds(0.01, samples=6) == pytest.approx(2 * seconds(0.01))
    assert seconds(0.001, 0.1) == pytest.approx(seconds(0.1))
    assert seconds(0.1) > 3 * seconds(0.01)


@pytest.mark.parametrize("precision", ["single", "double"])
def test_time_grows_with_what_is_done(letter, precision):
    study = letter | {"precision": precision}

    def seconds(stage, size=2000, **changes):
        changed = study | changes
        return costs.job(changed, stage, n_particles=size, temperature=0.5).seconds - costs.START

    colder = [entry | {"equilibration_time": 700} for entry in study["temperatures"]]
    # 700 τ in place of 400 τ, with as many frames and points
    more = seconds("equilibrate", temperatures=colder) - seconds("equilibrate")
    per_time = costs.TRAJECTORY[precision] / 0.01 + costs.TILES / 0.1
    assert more == pytest.approx(2000 * 300 * per_time)
    runs = study["isoconfigurational"] | {"runs": 288}
    assert seconds("isoconfigurational", isoconfigurational=runs) == pytest.approx(
        3 * seconds("isoconfigurational")
    )
    strains = {"gamma": study["shear"]["gamma"][:12]}
    assert seconds("quench", shear=strains) == pytest.approx(14 / 27 * seconds("quench"))
    assert seconds("overlap", samples=[100, 40]) == pytest.approx(2 * seconds("overlap"))
    for stage in ("equilibrate", "isoconfigurational", "quench", "diagonalise"):
        assert seconds(stage, 8000) > 3.9 * seconds(stage, 2000)


def test_the_letters_runs_fill_their_blocks(letter):
    def seconds(runs):
        options = {"isoconfigurational": letter["isoconfigurational"] | {"runs": runs}}
        return costs.job(
            letter | options, "isoconfigurational", n_particles=2000, temperature=0.5
        ).seconds

    runs = letter["isoconfigurational"]["runs"]
    replicas = costs.REPLICAS[letter["precision"]]
    assert runs % replicas == 0
    assert seconds(runs - replicas) < seconds(runs - 1) == seconds(runs)


def test_a_propensity_is_expected_sooner_than_it_is_allowed_for(letter):
    entry = config.at_temperature(letter, 0.5)
    assert costs.expected_relaxation_time(letter, entry) == 20  # 400 τ are 20 τ_e
    cost = costs.job(letter, "isoconfigurational", n_particles=2000, temperature=0.5)
    # 1.5 τ_e against 1.5 times the whole stage, 400 τ
    assert cost.bound - costs.START == pytest.approx(20 * (cost.seconds - costs.START))
    cold = costs.job(letter, "isoconfigurational", n_particles=2000, temperature=0.36)
    assert cold.bound == cold.seconds


def test_what_is_asked_for_is_above_what_is_expected_and_grows_with_attempts(letter):
    for stage, size, temperature in itertools.product(
        ("equilibrate", "isoconfigurational", "quench", "diagonalise", "overlap"),
        (2000, 8000),
        (2.0, 0.36),
    ):
        cost = costs.job(letter, stage, n_particles=size, temperature=temperature)
        assert 60 * costs.minutes(cost) >= 2 * cost.bound
        assert costs.megabytes(cost) >= 1.4 * cost.megabytes + 400
        assert costs.minutes(cost, attempt=3) == 3 * costs.minutes(cost)
        assert costs.megabytes(cost, attempt=2) == 2 * costs.megabytes(cost)


def test_the_vectors_of_the_scan_are_what_fills_the_memory(letter):
    cost = costs.job(letter, "diagonalise", n_particles=8000, temperature=0.5)
    wanted = max(letter["modes"]["scan_fractions"]) * 16000
    assert 4 < 1e6 * (cost.megabytes - costs.BASE) / (wanted * 16000 * 8) < 12
    few = {"fraction": 0.01, "scan_gamma": [0.0001, 0.071], "scan_fractions": [0.001, 0.01]}
    assert (
        costs.job(
            letter | {"modes": few}, "diagonalise", n_particles=8000, temperature=0.5
        ).megabytes
        < 500
    )


def paths(jobs, start):
    """Seconds of every chain of jobs from one on."""
    seconds, following = jobs[start]
    if not following:
        yield seconds
    for name in following:
        for rest in paths(jobs, name):
            yield seconds + rest


@pytest.mark.parametrize("strains", [5, 200])
def test_the_wall_time_is_bound_by_the_longest_chain_or_by_the_cores(test_study, strains):
    study = test_study | {"n_particles": [120, 500], "samples": 40}
    study |= {"shear": {"gamma": np.geomspace(1e-4, 1.0, strains).tolist()}}
    temperatures = config.temperatures(study)
    jobs = {}

    def add(name, following, size=None, temperature=None):
        cost = costs.job(study, name.split()[0], n_particles=size, temperature=temperature)
        jobs[name] = cost.seconds, following

    add("figure", [])
    add("gamma_c", ["figure"])
    add("aggregate", ["gamma_c"])
    add("checks", [])
    add("compile", [f"equilibrate {size} {temperatures[0]}" for size in (120, 500)])
    for size, (temperature, colder) in itertools.product(
        (120, 500), itertools.pairwise([*temperatures, None])
    ):
        at = f"{size} {temperature}"
        after = [f"isoconfigurational {at}", f"quench {at}"]
        after += [f"equilibrate {size} {colder}"] if colder else []
        add(f"equilibrate {at}", after, size, temperature)
        add(f"isoconfigurational {at}", [f"overlap {at}", "checks"], size, temperature)
        add(f"quench {at}", [f"diagonalise {at}"], size, temperature)
        add(f"diagonalise {at}", [f"overlap {at}", "checks"], size, temperature)
        add(f"overlap {at}", ["aggregate"], size, temperature)

    longest = max(paths(jobs, "compile"))
    few, many = costs.estimate(study, 2), costs.estimate(study, 1000)
    assert few.chain == many.chain == pytest.approx(longest)
    assert many.wall == pytest.approx(longest)
    assert few.wall == pytest.approx(few.seconds / 2)
    assert few.wall > longest


def test_the_table_adds_up(letter):
    found = costs.estimate(letter, 64)
    rows = [line.strip("| ").split(" | ") for line in costs.table(found).splitlines()]
    rows = [row for row in rows if len(row) == 6][2:]
    *stages, total = rows
    for column in (1, 2, 5):
        assert sum(float(row[column]) for row in stages) == pytest.approx(
            float(total[column]), rel=1e-3, abs=0.1
        )
    assert float(total[4]) == max(float(row[4]) for row in stages)
    assert "On 64 cores at least" in costs.table(found)


def test_the_bill_is_printed_before_anything_runs(snakemake, tmp_path, test_study):
    done = snakemake(tmp_path, TEST, "--cores=3", "estimate")
    assert done.returncode == 0, done.stdout
    assert costs.table(costs.estimate(test_study, 3)) in done.stdout
    assert not list(tmp_path.rglob("*.h5"))


def test_a_gpu_takes_all_samples_of_a_state_point_together(letter):
    alike = [
        {name: value for name, value in entry.items() if name != "samples"} | {"propensity": True}
        for entry in letter["temperatures"]
    ]
    # on a GPU there are no other samples than the study's
    letter = {name: value for name, value in letter.items() if name not in config.BLOCKS}
    letter |= {"samples": 10, "temperatures": alike}
    lines = {line.stage: line for line in costs.estimate(letter, 16).lines}
    batched = letter | {"backend": {"equilibrate": "cuda", "isoconfigurational": "cuda"}}
    device = {line.stage: line for line in costs.estimate(batched, 16).lines}
    for stage in ("equilibrate", "isoconfigurational"):
        assert lines[stage].jobs == 10 * device[stage].jobs
        assert device[stage].disk == pytest.approx(lines[stage].disk)
        assert device[stage].seconds < 0.2 * lines[stage].seconds
    # measured on an NVIDIA H200: 132 systems of N = 2000 in 17.8 µs a step, as 50 take
    entry = config.at_temperature(letter, 0.36)
    steps = (entry["barostat_time"] + entry["equilibration_time"]) / entry["time_step"]
    alone = batched | {"series_points": 0}
    seconds = costs.job(alone, "equilibrate", n_particles=2000, temperature=0.36).seconds
    assert seconds == pytest.approx(17.8e-6 * steps, rel=0.25)


def test_every_job_is_named_as_its_log(results, test_study):
    logs = {str(path.relative_to(results / "logs")) for path in (results / "logs").rglob("*.log")}
    named = [f"{name}.log" for _, name, *_ in costs.jobs(test_study)]
    assert sorted(named) == sorted(logs - {"pages.log"})


def test_a_slower_machine_takes_longer_and_nothing_more(letter):
    here, there = costs.estimate(letter, 3), costs.estimate(letter, 3).on(1.7)
    assert there.seconds == pytest.approx(1.7 * here.seconds)
    assert (there.wall, there.chain) == pytest.approx((1.7 * here.wall, 1.7 * here.chain))
    assert (there.megabytes, there.disk) == (here.megabytes, here.disk)
    for one, other in zip(here.lines, there.lines, strict=True):
        assert other.longest == pytest.approx(1.7 * one.longest)
    assert "Seconds are those of an AMD EPYC (Zen 4" in costs.table(here)
    assert "This machine takes 1.70 times as long as an AMD EPYC (Zen 4" in costs.table(there)


@pytest.mark.parametrize("backend", ["cpu", "cuda"])
def test_published_samples_cost_next_to_nothing(test_study, backend):
    study = test_study | {"backend": {"equilibrate": backend, "isoconfigurational": backend}}
    (size,), temperatures, samples = study["n_particles"], config.temperatures(study), (0, 1)

    def seconds(published):
        lines = {line.stage: line.seconds for line in costs.estimate(study, 1, published).lines}
        return lines.pop("equilibrate"), lines

    all_of_them, others = seconds({})
    long_enough = 1e6
    published = {
        (size, temperature, sample): long_enough
        for temperature in temperatures
        for sample in samples
    }
    taken, others_then = seconds(published)
    jobs = 4 if backend == "cpu" else 2
    assert taken == pytest.approx(jobs * (costs.START + costs.TAKEN))
    assert others_then == others
    one, _ = seconds({(size, temperatures[1], 1): long_enough})
    cost = costs.job(study, "equilibrate", n_particles=size, temperature=temperatures[1]).seconds
    # a batch is simulated for the sample that lacks
    saved = cost - costs.START - costs.TAKEN if backend == "cpu" else 0.0
    assert all_of_them - one == pytest.approx(saved)
    assert all_of_them == pytest.approx(seconds({(size + 1, temperatures[0], 0): long_enough})[0])


def test_published_samples_are_run_on_for_what_they_lack(letter):
    """A quarter of the time costs a quarter of what moving the particles does."""
    point = (2000, 0.36, 0)
    (time,) = (
        row["equilibration_time"] for row in letter["temperatures"] if row["temperature"] == 0.36
    )

    def seconds(part):
        jobs = costs.jobs(letter, {point: part * time})
        (found,) = (job for job in jobs if job.name == "equilibrate/N2000_T0.360_s000")
        return found.cost.seconds

    taken = seconds(1.0)
    quarter, half = seconds(0.75) - taken, seconds(0.5) - taken
    assert half == pytest.approx(2 * quarter)
    simulated = costs.job(letter, "equilibrate", n_particles=2000, temperature=0.36).seconds
    assert 0.9 * simulated < 4 * quarter < simulated


def test_published_samples_shorten_the_longest_chain(test_study):
    (size,), (hot, cold) = test_study["n_particles"], config.temperatures(test_study)

    def chain(*published):
        return costs.estimate(test_study, 1, dict.fromkeys(published, 1e6)).chain

    def seconds(stage, size=None, temperature=None):
        return costs.job(test_study, stage, n_particles=size, temperature=temperature).seconds

    def after(temperature):
        measured = seconds("quench", size, temperature) + seconds("diagonalise", size, temperature)
        moved = seconds("isoconfigurational", size, temperature)
        return max(measured, moved) + seconds("overlap", size, temperature)

    ends = sum(map(seconds, ("compile", "aggregate", "gamma_c", "figure")))
    cooled, taken = seconds("equilibrate", size, hot), costs.START + costs.TAKEN
    everything = [(size, temperature, sample) for temperature in (hot, cold) for sample in (0, 1)]
    assert chain(*everything) == pytest.approx(taken + max(after(hot), after(cold)) + ends)
    # one cold sample is simulated
    simulated = cooled + max(after(hot), seconds("equilibrate", size, cold) + after(cold))
    assert chain((size, cold, 0)) == pytest.approx(simulated + ends)
    only_hot = max(cooled + after(hot), taken + after(cold))
    assert chain((size, cold, 0), (size, cold, 1)) == pytest.approx(only_hot + ends)


def test_variants_are_in_the_bill_and_in_the_chain(test_study):
    """A study of large systems and few samples, whose chain they lengthen."""
    size, cold = 8000, config.temperatures(test_study)[-1]
    wanted = {"n_particles": [size], "temperatures": [cold], "samples": 1}
    varied = test_study | {"variants": wanted, "n_particles": [size]}
    without = {name: value for name, value in varied.items() if name != "variants"}
    one, other = (costs.estimate(study, 1) for study in (varied, without))
    lines = {line.stage: line.jobs for line in one.lines}
    assert (lines["vary"], lines["variants"]) == (1, 1)
    assert not {"vary", "variants"} & {line.stage for line in other.lines}

    def seconds(*stages):
        point = {"n_particles": size, "temperature": cold}
        return sum(
            costs.job(varied, stage, **(point if stage in ("overlap", "vary") else {})).seconds
            for stage in stages
        )

    compared = max(seconds("overlap", "aggregate", "gamma_c", "figure"), seconds("checks"))
    longer = max(0.0, seconds("vary", "variants") - compared)
    assert longer > 0.0
    assert one.chain - other.chain == pytest.approx(longer)


def test_runs_of_cyclic_shear_are_in_the_bill_and_in_the_chain(test_study):
    """Each amplitude is a job, and those that hardly come back take longest."""
    size, cold = 2000, config.temperatures(test_study)[-1]
    cyclic = {
        "ensembles": [{"n_particles": size, "temperature": cold, "samples": 2}],
        "amplitudes": [0.02, 0.1],
        "strain_step": 0.002,
        "cycles": 60,
    }
    with_it, without = test_study | {"cyclic": cyclic}, test_study
    runs = [job for job in costs.jobs(with_it) if job.stage == "cyclic"]
    assert [job.name for job in runs] == [
        f"cyclic/N2000_T0.600_s00{sample}_A{amplitude}"
        for sample in (0, 1)
        for amplitude in ("0.020", "0.100")
    ]
    small, large = (
        costs.job(with_it, "cyclic", n_particles=size, temperature=cold, amplitude=amplitude)
        for amplitude in cyclic["amplitudes"]
    )
    assert [job.cost for job in runs] == [small, large] * 2
    assert small.seconds < small.bound < large.seconds == large.bound
    lines = {line.stage: line.jobs for line in costs.estimate(with_it, 1).lines}
    assert (lines["cyclic"], lines["cyclic_table"]) == (4, 1)
    assert "cyclic_table" not in {line.stage for line in costs.estimate(without, 1).lines}
    chain = costs.estimate(with_it, 1).chain
    assert chain > large.seconds
    assert chain < large.seconds + small.seconds + costs.estimate(without, 1).chain


def test_a_run_is_compared_with_what_was_expected(tmp_path, test_study):
    def write(name, *lines):
        path = tmp_path / f"{name}.log"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"2026-01-01 10:{when}+0000 INFO {what}\n" for when, what in lines))

    assert costs.measured_table(costs.measured(test_study, tmp_path)) == ""
    begin, end = ("00:00", "started"), ("02:05", "finished after 2 min 05 s")
    write("compile", begin, end)
    write("quench/N120_T1.000_s000", begin, end)
    write("quench/N120_T0.600_s001", begin, ("00:31", "finished after 31 s, 24.5 core s"))
    write("quench/N120_T0.600_s000", begin, ("00:31", "50.0 % done after 31 s, unknown left"))
    write("quench/N120_T0.500_s000", begin, end)  # of no temperature of this study
    write("figure2", begin, ("00:09", "finished after 9 s"))
    hot, cold, figure = costs.measured(test_study, tmp_path)
    cost = costs.job(test_study, "quench", n_particles=120, temperature=1.0).seconds
    assert hot == ("quench", 120, 1.0, 1, pytest.approx(cost), costs.START + 125)
    # where a log tells the time of a core, that
    assert cold == ("quench", 120, 0.6, 1, pytest.approx(cost), 24.5)
    assert figure[:4] == ("figure", None, None, 1)
    assert figure.took == costs.START + 9
    *_, stage, _, all_of_them = costs.measured_table([hot, cold, figure]).splitlines()
    assert stage.startswith("| quench | 2 |")
    expected, took = (sum(column) for column in list(zip(hot, cold, figure, strict=True))[-2:])
    assert [cell.strip() for cell in all_of_them.split("|")[1:-1]] == [
        "all",
        "3",
        f"{expected / 3600:.3f}",
        f"{took / 3600:.3f}",
        f"{took / expected:.2f}",
    ]


def test_a_study_that_ran_is_compared_when_its_bill_is_printed(study, snakemake, tmp_path):
    logs = tmp_path / "results" / "test" / "logs"
    shutil.copytree(study / "results" / "test" / "logs", logs)
    printed = snakemake(tmp_path, TEST, "--cores=1", "estimate").stdout
    assert re.search(r"^\| isoconfigurational \| 4( \| [\d.]+){3} \|$", printed, re.M)
    snakemake(tmp_path, TEST, "--cores=1", "costs")
    table = pd.read_csv(tmp_path / "results" / "test" / "costs.csv")
    rows = table[table["stage"] == "isoconfigurational"]
    assert list(rows["temperature"]) == [1.0, 0.6]
    assert list(rows["jobs"]) == [2, 2]
    assert rows["took"].between(0.1 / 3600, 60 / 3600).all()


def test_this_machine_is_timed(monkeypatch):
    """By a clock that gives 5, 3, 4 s for what costs 2 ns in every step of a particle, and 10 ns in
    every block of steps."""
    for name, value in {
        "WARM_UP": 1,
        "BLOCKS": 4,
        "TRAJECTORY": {"single": 2e-9},
        "TILES": 10e-9,
    }.items():
        monkeypatch.setattr(calibration, name, value)
    times = iter([0, 100, 100, 105, 200, 203, 300, 304])
    expected = 2000 * 4 * (20 * 2e-9 + 10e-9)
    found = calibration.slowness("single", lambda: next(times))
    assert found == pytest.approx(3 / expected)


def test_the_bill_can_be_for_this_machine(snakemake, tmp_path):
    done = snakemake(tmp_path, TEST, "--cores=3", "estimate_here")
    (slowness,) = re.findall(r"This machine takes ([\d.]+) times as long as an AMD", done.stdout)
    (seconds,) = re.findall(r"^\| figure \| 4 \| [\d.]+ \| ([\d.]+) s", done.stdout, re.M)
    expected = costs.job(config.load(TEST), "figure").seconds
    assert float(seconds) == pytest.approx(float(slowness) * expected, rel=0.03)
