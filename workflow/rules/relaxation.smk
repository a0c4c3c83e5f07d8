rule relaxation:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{STATE_POINT}.h5",
    output:
        relaxation=f"{RESULTS}/relaxation/{STATE_POINT}.h5",
    log:
        f"{RESULTS}/logs/relaxation/{STATE_POINT}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("relaxation"),
        runtime=minutes("relaxation"),
        kernels=1,
    params:
        code=code("relaxation"),
        time_step=setting("time_step"),
        relaxation_time=setting("relaxation_time"),
        precision=config["precision"],
        neighbour_distances=NEIGHBOUR_DISTANCES,
    message:
        "Measure structure and relaxation of sample {wildcards.sample}, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/relaxation.py"
