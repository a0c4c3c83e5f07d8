rule diagonalise:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{STATE_POINT}.h5",
        quench=f"{RESULTS}/quench/{STATE_POINT}.h5",
    output:
        modes=f"{RESULTS}/modes/{STATE_POINT}.h5",
    log:
        f"{RESULTS}/logs/diagonalise/{STATE_POINT}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("diagonalise"),
        runtime=minutes("diagonalise"),
        kernels=1,
    params:
        code=code("diagonalise"),
        fraction=config["modes"]["fraction"],
        scan_gamma=config["modes"]["scan_gamma"],
        scan_fractions=config["modes"]["scan_fractions"],
        debye_waller_time=config["isoconfigurational"]["debye_waller_time"],
    message:
        "Find the modes of sample {wildcards.sample}, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/diagonalise.py"
