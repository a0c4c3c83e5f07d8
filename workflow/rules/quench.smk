rule quench:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{STATE_POINT}.h5",
    output:
        quench=f"{RESULTS}/quench/{STATE_POINT}.h5",
    log:
        f"{RESULTS}/logs/quench/{STATE_POINT}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("quench"),
        runtime=minutes("quench"),
        kernels=1,
    params:
        code=code("quench"),
        gamma=config["shear"]["gamma"],
    message:
        "Shear and quench sample {wildcards.sample}, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/quench.py"
