rule overlap:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{STATE_POINT}.h5",
        isoconfigurational=f"{RESULTS}/isoconfigurational/{STATE_POINT}.h5",
        quench=f"{RESULTS}/quench/{STATE_POINT}.h5",
        modes=f"{RESULTS}/modes/{STATE_POINT}.h5",
    output:
        overlap=f"{RESULTS}/overlap/{STATE_POINT}.csv",
    log:
        f"{RESULTS}/logs/overlap/{STATE_POINT}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=overlap_megabytes,
        runtime=overlap_minutes,
    params:
        top_fraction=config["overlap"]["top_fraction"],
        minimum_cluster=config["overlap"]["minimum_cluster"],
        neighbour_distances=NEIGHBOUR_DISTANCES,
        shuffles=config["overlap"]["shuffles"],
    message:
        "Overlap the fields of sample {wildcards.sample}, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/overlap.py"
