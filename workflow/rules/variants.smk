VARIED = [
    f"{RESULTS}/variants/{state_point(*point)}.csv"
    for point in SAMPLES
    if point[2] < n_varied(config, *point[:2])
]


rule vary:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{STATE_POINT}.h5",
        isoconfigurational=f"{RESULTS}/isoconfigurational/{STATE_POINT}.h5",
        quench=f"{RESULTS}/quench/{STATE_POINT}.h5",
        modes=f"{RESULTS}/modes/{STATE_POINT}.h5",
    output:
        variants=f"{RESULTS}/variants/{STATE_POINT}.csv",
        provenance=f"{RESULTS}/variants/{STATE_POINT}.csv.provenance.json",
    log:
        f"{RESULTS}/logs/vary/{STATE_POINT}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("vary"),
        runtime=minutes("vary"),
        kernels=1,
    params:
        code=code("vary"),
        scan_gamma=config["modes"]["scan_gamma"],
        ensemble={
            "time_step": config["isoconfigurational"]["time_step"],
            "n_runs": config["isoconfigurational"]["runs"],
            "debye_waller_time": config["isoconfigurational"]["debye_waller_time"],
            "sampling_interval": config["isoconfigurational"]["sampling_interval"],
            "precision": config["precision"],
        },
        top_fraction=config["overlap"]["top_fraction"],
        minimum_cluster=config["overlap"]["minimum_cluster"],
        neighbour_distances=NEIGHBOUR_DISTANCES,
    message:
        "Make choices of the analysis otherwise, sample {wildcards.sample}, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/vary.py"


rule variants:
    input:
        variants=VARIED,
    output:
        variants=f"{RESULTS}/tables/variants.csv",
        shear_directions=f"{RESULTS}/tables/shear_directions.csv",
        provenance=expand(
            f"{RESULTS}/tables/{{table}}.csv.provenance.json",
            table=["variants", "shear_directions"],
        ),
    log:
        f"{RESULTS}/logs/variants.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("variants"),
        runtime=minutes("variants"),
    params:
        code=code("variants"),
        seed=config["seed"],
    message:
        "Compare choices of the analysis."
    script:
        "../scripts/variants.py"
