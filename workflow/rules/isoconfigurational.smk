rule isoconfigurational:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{STATE_POINT}.h5",
        relaxation=relaxation_of_samples,
    output:
        isoconfigurational=f"{RESULTS}/isoconfigurational/{STATE_POINT}.h5",
    log:
        f"{RESULTS}/logs/isoconfigurational/{STATE_POINT}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("isoconfigurational"),
        runtime=minutes("isoconfigurational"),
        kernels=1,
    params:
        code=code("isoconfigurational"),
        time_step=config["isoconfigurational"]["time_step"],
        runs=config["isoconfigurational"]["runs"],
        precision=config["precision"],
        debye_waller_time=config["isoconfigurational"]["debye_waller_time"],
        sampling_interval=config["isoconfigurational"]["sampling_interval"],
        propensity_multiple=propensity_multiple,
    message:
        "Run sample {wildcards.sample}, N = {wildcards.n_particles}, T = {wildcards.temperature}, from fresh velocities many times."
    script:
        "../scripts/isoconfigurational.py"
