LANDSCAPES = [
    f"{RESULTS}/landscape/N{one['n_particles']}_T{one['temperature']:.3f}.csv"
    for one in ensembles(config, "landscape")
]


rule landscape:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{STATE_POINT}.h5",
    output:
        landscape=f"{RESULTS}/landscape/{STATE_POINT}.h5",
    log:
        f"{RESULTS}/logs/landscape/{STATE_POINT}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("landscape"),
        runtime=minutes("landscape"),
        kernels=1,
    params:
        code=code("landscape"),
        interval=lambda wildcards: ensemble_at("landscape", wildcards)["interval"],
        quenches=lambda wildcards: ensemble_at("landscape", wildcards)["quenches"],
        mode_fractions=lambda wildcards: ensemble_at("landscape", wildcards)["mode_fractions"],
        time_step=setting("time_step"),
        precision=config["precision"],
        gamma=config["shear"]["gamma"],
    message:
        "Quench a trajectory at regular times, sample {wildcards.sample}, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/landscape.py"


rule persistence:
    input:
        equilibrium=files_of_ensemble("landscape", "equilibrium"),
        landscape=files_of_ensemble("landscape", "landscape"),
        relaxation=files_of_ensemble("landscape", "relaxation"),
    output:
        persistence=f"{RESULTS}/landscape/{ALL_SAMPLES}.csv",
        provenance=f"{RESULTS}/landscape/{ALL_SAMPLES}.csv.provenance.json",
    log:
        f"{RESULTS}/logs/persistence/{ALL_SAMPLES}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("persistence"),
        runtime=minutes("persistence"),
        kernels=1,
    params:
        code=code("persistence"),
        top_fraction=config["overlap"]["top_fraction"],
        minimum_cluster=config["overlap"]["minimum_cluster"],
        neighbour_distances=NEIGHBOUR_DISTANCES,
    message:
        "Compare soft modes along all trajectories, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/persistence.py"


rule landscape_table:
    input:
        parts=LANDSCAPES,
    output:
        table=f"{RESULTS}/tables/landscape.csv",
        provenance=f"{RESULTS}/tables/landscape.csv.provenance.json",
    log:
        f"{RESULTS}/logs/landscape_table.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("landscape_table"),
        runtime=minutes("landscape_table"),
    params:
        code=code("collect"),
    message:
        "Collect what all trajectories tell of soft modes."
    script:
        "../scripts/collect.py"
