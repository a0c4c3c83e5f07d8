CYCLES = [
    f"{RESULTS}/cyclic/{run_name}.h5"
    for one in ensembles(config, "cyclic")
    for run_name in cyclic_runs(config, one)
]


rule cyclic:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{STATE_POINT}.h5",
    output:
        cyclic=f"{RESULTS}/cyclic/{STATE_POINT}_A{{amplitude}}.h5",
    log:
        f"{RESULTS}/logs/cyclic/{STATE_POINT}_A{{amplitude}}.log",
    wildcard_constraints:
        amplitude=r"\d+\.\d{3}",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("cyclic"),
        runtime=minutes("cyclic"),
        kernels=1,
    params:
        code=code("cyclic"),
        amplitude=lambda wildcards: float(wildcards.amplitude),
        strain_step=config["cyclic"]["strain_step"],
        cycles=config["cyclic"]["cycles"],
        fraction=config["modes"]["fraction"],
        top_fraction=config["overlap"]["top_fraction"],
        minimum_cluster=config["overlap"]["minimum_cluster"],
        neighbour_distances=NEIGHBOUR_DISTANCES,
    message:
        "Shear to and fro by {wildcards.amplitude}, sample {wildcards.sample}, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/cyclic.py"


rule cyclic_table:
    input:
        cyclic=CYCLES,
    output:
        cyclic_shear=f"{RESULTS}/tables/cyclic_shear.csv",
        provenance=f"{RESULTS}/tables/cyclic_shear.csv.provenance.json",
    log:
        f"{RESULTS}/logs/cyclic_table.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("cyclic_table"),
        runtime=minutes("cyclic_table"),
    params:
        code=code("cyclic_table"),
    message:
        "Collect the cycles of all samples and amplitudes."
    script:
        "../scripts/cyclic_table.py"
