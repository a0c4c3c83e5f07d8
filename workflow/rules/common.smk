"""Validation of the configuration, names of files, and look-ups that the rules share."""

import os
import sys
from pathlib import Path

# of this file, whatever workflow takes it in as a module
REPOSITORY = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parents[1]
LIBRARY = REPOSITORY / "workflow"
sys.path.insert(0, str(LIBRARY))

from softmodes.study.code_digest import code_digest
from softmodes.study import costs, equilibria
from softmodes.study.config import (
    all_equilibria,
    all_samples,
    at_temperature,
    backend,
    cyclic_runs,
    ensemble,
    ensembles,
    equilibrated,
    figure_numbers,
    from_command_line,
    n_equilibria,
    n_propensities,
    n_samples,
    n_varied,
    read,
    state_point,
    temperatures,
    validate,
)
from softmodes.errors import InputError

# scripts run in interpreters of their own, which find the library by this; and the C library of
# Linux keeps for the next list what the last one has freed: to give pages back and ask for others
# takes a tenth of the time
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")])),
    MALLOC_MMAP_THRESHOLD_="33554432",
    MALLOC_TRIM_THRESHOLD_="67108864",
)

# a module gets its configuration from the workflow around it
IS_MODULE = not workflow.modifier.is_main_snakefile()
try:
    if not IS_MODULE:
        # for keys given twice, of which Snakemake has taken the last
        for path in workflow.configfiles:
            read(path)
        for key in workflow.config_settings.config.keys() & config.keys():
            config[key] = from_command_line(config[key])
    validate(config)
except InputError as error:
    sys.exit(f"{error}")

ENVIRONMENT = "../../envs/softmodes.yaml"
RESULTS = f"results/{config['study']}"
ALL_SAMPLES = "N{n_particles}_T{temperature}"
STATE_POINT = f"{ALL_SAMPLES}_s{{sample}}"
# left when all kernels are compiled
KERNELS = f"{RESULTS}/.compiled"
TEMPERATURES = temperatures(config)
EQUILIBRATED = equilibrated(config)
MAPPED_STATE_POINT = state_point(min(config["n_particles"]), TEMPERATURES[-1], sample=0)
LOCK = REPOSITORY / "envs" / "lock.txt"
SAMPLES = list(all_samples(config))
# in an order of its own, so that another order of the keys reruns nothing
MODEL = dict(sorted(config["model"].items()))
NEIGHBOUR_DISTANCES = [
    config["overlap"]["neighbour_distances"][pair] for pair in ("small", "mixed", "large")
]


wildcard_constraints:
    n_particles=r"\d+",
    temperature=r"\d+\.\d{3}",
    sample=r"\d\d\d+",


def code(script):
    """Digest of what a script's results depend on, so that a change of it makes them again."""
    return code_digest(LIBRARY / "scripts" / f"{script}.py", LOCK)


def rules_of(stage):
    """The file of rules of a stage that may run on a GPU."""
    batch = "_batch" if backend(config, stage) == "cuda" else ""
    return f"workflow/rules/{stage}{batch}.smk"


def stage_files(stage, sizes=config["n_particles"], at=TEMPERATURES):
    """The files of a stage, for all samples at the given N and T."""
    return [
        f"{RESULTS}/{stage}/{state_point(*point)}.h5"
        for point in SAMPLES
        if point[0] in sizes and point[1] in at
    ]


def of_all_samples(stage):
    """Function of the wildcards: the files of a stage for all samples at their N and T."""
    return lambda wildcards: stage_files(
        stage, [int(wildcards.n_particles)], [float(wildcards.temperature)]
    )


def each_sample(stage):
    """The files of a stage for all samples, as many everywhere, N and T left open."""
    return [
        f"{RESULTS}/{stage}/{ALL_SAMPLES}_s{sample:03d}.h5" for sample in range(config["samples"])
    ]


def files_of_ensemble(block, stage):
    """Function of the wildcards: the files of a stage for the samples of a block's ensemble."""
    return lambda wildcards: [
        f"{RESULTS}/{stage}/{state_point(*numbers(wildcards), sample)}.h5"
        for sample in range(ensemble_at(block, wildcards)["samples"])
    ]


def ensemble_at(block, wildcards):
    """A block's ensemble at an N and T."""
    n_particles, temperature = numbers(wildcards)
    return ensemble(config, block, n_particles=n_particles, temperature=temperature)


def figure_files(number):
    """A figure's outputs by name."""
    figure = f"{RESULTS}/figures/fig{number}"
    return {
        "pdf": f"{figure}.pdf",
        "png": f"{figure}.png",
        "provenance": multiext(figure, ".pdf.provenance.json", ".png.provenance.json"),
    }


def settings(wildcards):
    """The entry of the configuration for a temperature."""
    return at_temperature(config, float(wildcards.temperature))


def setting(name):
    """Function of the wildcards: one key of that entry, None where it lacks."""
    return lambda wildcards: settings(wildcards).get(name)


def published_equilibria(wildcards):
    """The archive that the state point is taken from; nothing where it is simulated."""
    return archive(*numbers(wildcards), int(wildcards.sample))


def published_of_samples(wildcards):
    """Likewise, of every sample at an N and T."""
    samples = range(n_equilibria(config, *numbers(wildcards)))
    return [archive(*numbers(wildcards), sample) for sample in samples]


def published_archives(wildcards):
    """Those that there are."""
    return sorted(set(filter(None, published_of_samples(wildcards))))


def published_state_points():
    """How long the state points were run, in τ, that are taken, not simulated."""
    found = {point: published(*point) for point in all_equilibria(config)}
    return {point: there.time for point, there in found.items() if there}


def archive(n_particles, temperature, sample):
    """The archive that holds a sample at an N and T; nothing where there is none."""
    found = published(n_particles, temperature, sample)
    if not found:
        return []
    # a module's `prefix:` goes before relative paths
    return str(found.archive.absolute() if IS_MODULE else found.archive)


def numbers(wildcards):
    """N and T."""
    return int(wildcards.n_particles), float(wildcards.temperature)


def published(n_particles, temperature, sample):
    """A sample at an N and T among the published equilibria; None where there is none."""
    if "equilibria" not in config:
        return None
    # seen from here or, where nothing is there, from the workflow
    source = Path(config["equilibria"])
    if not source.exists():
        source = REPOSITORY / source
    try:
        return equilibria.find(
            source,
            n_particles=n_particles,
            temperature=temperature,
            sample=sample,
            seed=config["seed"],
            model=MODEL,
            ensemble=config["ensemble"],
            equilibration_time=at_temperature(config, temperature)["equilibration_time"],
        )
    except InputError as error:
        sys.exit(f"config key equilibria: {error}")


def hotter_equilibrium(wildcards):
    """The same sample at the next higher temperature; nothing at the highest, or where there is
    nothing to simulate."""
    return hotter(wildcards, int(wildcards.sample))


def hotter_equilibria(wildcards):
    """Likewise, of every sample at an N and T."""
    samples = range(n_equilibria(config, *numbers(wildcards)))
    found = [hotter(wildcards, sample) for sample in samples]
    return [path for path in found if path]


def hotter(wildcards, sample):
    """The file that a sample at an N and T starts from; nothing where there is none."""
    place = TEMPERATURES.index(settings(wildcards)["temperature"])
    if place == 0 or published(*numbers(wildcards), sample):
        return []
    start = state_point(int(wildcards.n_particles), TEMPERATURES[place - 1], sample)
    return f"{RESULTS}/equilibrium/{start}.h5"


def relaxation_of_samples(wildcards):
    """The files that τ_e is taken from, where the propensity is asked for."""
    if not has_propensity(wildcards):
        return []
    files = of_all_samples("relaxation")(wildcards)
    return files[: config["isoconfigurational"]["relaxation_samples"]]


def propensity_multiple(wildcards):
    """t_α in units of τ_e; None where the propensity is not asked for."""
    multiple = config["isoconfigurational"]["propensity_multiple"]
    return multiple if has_propensity(wildcards) else None


def has_propensity(wildcards):
    """Whether the propensity of a sample is asked for, or of all those at an N and T."""
    return int(wildcards.get("sample", 0)) < n_propensities(config, *numbers(wildcards))


def minutes(stage):
    """Function of the wildcards and the attempt: the time limit of a stage's job."""
    return lambda wildcards, attempt: costs.minutes(cost(stage, wildcards), attempt)


def megabytes(stage):
    """Function of the wildcards and the attempt: the memory that a stage's job asks for."""
    return lambda wildcards, attempt: costs.megabytes(cost(stage, wildcards), attempt)


def cost(stage, wildcards):
    """What a stage's job costs."""
    state = {"n_particles": int, "temperature": float, "sample": int, "amplitude": float}
    found = {
        name: kind(wildcards[name]) for name, kind in state.items() if name in wildcards.keys()
    }
    return costs.job(config, stage, **found)
