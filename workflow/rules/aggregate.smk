rule aggregate:
    input:
        equilibrium=stage_files("equilibrium"),
        relaxation=stage_files("relaxation"),
        isoconfigurational=stage_files("isoconfigurational"),
        quench=stage_files("quench"),
        modes=stage_files("modes"),
        overlap=expand(
            f"{RESULTS}/overlap/{ALL_SAMPLES}.csv",
            n_particles=config["n_particles"],
            temperature=[f"{degree:.3f}" for degree in TEMPERATURES],
        ),
    output:
        overlap_vs_gamma=f"{RESULTS}/tables/overlap_vs_gamma.csv",
        overlap_vs_temperature=f"{RESULTS}/tables/overlap_vs_temperature.csv",
        overlap_vs_modes=f"{RESULTS}/tables/overlap_vs_modes.csv",
        energy_stress=f"{RESULTS}/tables/energy_stress.csv",
        gamma_c=f"{RESULTS}/tables/gamma_c.csv",
        relaxation=f"{RESULTS}/tables/relaxation.csv",
        state_points=f"{RESULTS}/tables/state_points.csv",
    log:
        f"{RESULTS}/logs/aggregate.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("aggregate"),
        runtime=minutes("aggregate"),
    params:
        seed=config["seed"],
        neighbour_distances=NEIGHBOUR_DISTANCES,
        minimum_relaxation_times=config["equilibrated"]["minimum_relaxation_times"],
    message:
        "Collect the results of all state points into tables."
    script:
        "../scripts/aggregate.py"
