# the twin of isoconfigurational.smk on a GPU: all samples at one N and T in one job
rule isoconfigurational:
    input:
        equilibrium=of_all_samples("equilibrium"),
        relaxation=relaxation_of_samples,
    output:
        isoconfigurational=each_sample("isoconfigurational"),
    log:
        f"{RESULTS}/logs/isoconfigurational/{ALL_SAMPLES}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("isoconfigurational"),
        runtime=minutes("isoconfigurational"),
        kernels=1,
        gpu=1,
    params:
        code=code("isoconfigurational_batch"),
        time_step=config["isoconfigurational"]["time_step"],
        runs=config["isoconfigurational"]["runs"],
        debye_waller_time=config["isoconfigurational"]["debye_waller_time"],
        sampling_interval=config["isoconfigurational"]["sampling_interval"],
        propensity_multiple=propensity_multiple,
    message:
        "Run all samples of N = {wildcards.n_particles}, T = {wildcards.temperature}, from fresh velocities many times on a GPU."
    script:
        "../scripts/isoconfigurational_batch.py"
