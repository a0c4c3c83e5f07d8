# the twin of equilibrate.smk on a GPU: all samples at one N and T in one job
rule equilibrate:
    input:
        hotter=hotter_equilibria,
        published=ancient(published_archives),
    output:
        equilibrium=each_sample("equilibrium"),
        relaxation=each_sample("relaxation"),
    log:
        f"{RESULTS}/logs/equilibrate/{ALL_SAMPLES}.log",
    priority: 10
    conda:
        ENVIRONMENT
    threads: workflow.cores or 1
    resources:
        mem_mb=megabytes("equilibrate"),
        runtime=minutes("equilibrate"),
        kernels=1,
        gpu=1,
    params:
        code=code("equilibrate_batch"),
        study=config["study"],
        seed=config["seed"],
        model=MODEL,
        pressure=config["ensemble"].get("pressure"),
        start_density=config.get("start_density", config["ensemble"].get("density")),
        time_step=setting("time_step"),
        barostat_time=setting("barostat_time"),
        equilibration_time=setting("equilibration_time"),
        series_points=config["series_points"],
        neighbour_distances=NEIGHBOUR_DISTANCES,
        published=published_of_samples,
    message:
        "Cool all samples of N = {wildcards.n_particles} to T = {wildcards.temperature} on a GPU, then equilibrate them and measure how they relax."
    script:
        "../scripts/equilibrate_batch.py"
