rule equilibrate:
    input:
        hotter=hotter_equilibrium,
        # more samples in it change nothing for those there are
        published=ancient(published_equilibria),
    output:
        equilibrium=f"{RESULTS}/equilibrium/{STATE_POINT}.h5",
        relaxation=f"{RESULTS}/relaxation/{STATE_POINT}.h5",
    log:
        f"{RESULTS}/logs/equilibrate/{STATE_POINT}.log",
    # the chain through the temperatures is the longest way through the study
    priority: 10
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("equilibrate"),
        runtime=minutes("equilibrate"),
        kernels=1,
    params:
        code=code("equilibrate"),
        study=config["study"],
        seed=config["seed"],
        model=MODEL,
        pressure=config["ensemble"].get("pressure"),
        start_density=config.get("start_density", config["ensemble"].get("density")),
        time_step=setting("time_step"),
        barostat_time=setting("barostat_time"),
        equilibration_time=setting("equilibration_time"),
        series_points=config["series_points"],
        precision=config["precision"],
        neighbour_distances=NEIGHBOUR_DISTANCES,
    message:
        "Cool sample {wildcards.sample} of N = {wildcards.n_particles} to T = {wildcards.temperature}, then equilibrate it and measure how it relaxes."
    script:
        "../scripts/equilibrate.py"
