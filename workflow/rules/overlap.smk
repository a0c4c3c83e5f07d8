OVERLAPS = expand(
    f"{RESULTS}/overlap/{ALL_SAMPLES}.csv",
    n_particles=config["n_particles"],
    temperature=[f"{temperature:.3f}" for temperature in TEMPERATURES],
)


rule overlap:
    input:
        equilibrium=of_all_samples("equilibrium"),
        isoconfigurational=of_all_samples("isoconfigurational"),
        quench=of_all_samples("quench"),
        modes=of_all_samples("modes"),
    output:
        overlap=f"{RESULTS}/overlap/{ALL_SAMPLES}.csv",
        provenance=f"{RESULTS}/overlap/{ALL_SAMPLES}.csv.provenance.json",
    log:
        f"{RESULTS}/logs/overlap/{ALL_SAMPLES}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("overlap"),
        runtime=minutes("overlap"),
        kernels=1,
    params:
        code=code("overlap"),
        top_fraction=config["overlap"]["top_fraction"],
        minimum_cluster=config["overlap"]["minimum_cluster"],
        neighbour_distances=NEIGHBOUR_DISTANCES,
        shuffles=config["overlap"]["shuffles"],
    message:
        "Overlap the fields of all samples, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/overlap.py"
