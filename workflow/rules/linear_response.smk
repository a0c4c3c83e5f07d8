RESPONSES = [
    f"{RESULTS}/linear_response/N{one['n_particles']}_T{one['temperature']:.3f}.csv"
    for one in ensembles(config, "linear_response")
]


rule respond:
    input:
        equilibrium=files_of_ensemble("linear_response", "equilibrium"),
    output:
        response=f"{RESULTS}/linear_response/{ALL_SAMPLES}.csv",
        provenance=f"{RESULTS}/linear_response/{ALL_SAMPLES}.csv.provenance.json",
    log:
        f"{RESULTS}/logs/respond/{ALL_SAMPLES}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("respond"),
        runtime=minutes("respond"),
        kernels=1,
    params:
        code=code("respond"),
        scan_fractions=config["modes"]["scan_fractions"],
    message:
        "Find the linear response in the lowest modes of all samples, N = {wildcards.n_particles}, T = {wildcards.temperature}."
    script:
        "../scripts/respond.py"


rule linear_response:
    input:
        parts=RESPONSES,
    output:
        table=f"{RESULTS}/tables/linear_response.csv",
        provenance=f"{RESULTS}/tables/linear_response.csv.provenance.json",
    log:
        f"{RESULTS}/logs/linear_response.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("linear_response"),
        runtime=minutes("linear_response"),
    params:
        code=code("collect"),
    message:
        "Collect the linear response in the lowest modes."
    script:
        "../scripts/collect.py"


use rule figure1 as figure7 with:
    input:
        response=f"{RESULTS}/tables/linear_response.csv",
        states=f"{RESULTS}/tables/state_points.csv",
    output:
        **figure_files(7),
    log:
        f"{RESULTS}/logs/figure7.log",
    localrule: True
    params:
        number=7,
    message:
        "Draw the linear response in the lowest modes."
