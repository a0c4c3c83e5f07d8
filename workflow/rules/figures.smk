rule figure1:
    input:
        overlap=f"{RESULTS}/tables/overlap_vs_gamma.csv",
        energy=f"{RESULTS}/tables/energy_stress.csv",
        critical=f"{RESULTS}/tables/gamma_c.csv",
    output:
        **figure_files(1),
    log:
        f"{RESULTS}/logs/figure1.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("figure"),
        runtime=minutes("figure"),
    params:
        code=code("figure"),
        number=1,
    message:
        "Draw overlap, energy and stress against strain."
    script:
        "../scripts/figure.py"


# a rule made of another is local only if it says so itself
use rule figure1 as figure2 with:
    input:
        overlap=f"{RESULTS}/tables/overlap_vs_temperature.csv",
    output:
        **figure_files(2),
    log:
        f"{RESULTS}/logs/figure2.log",
    localrule: True
    params:
        number=2,
    message:
        "Draw overlaps against temperature."


rule maps:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{MAPPED_STATE_POINT}.h5",
        isoconfigurational=f"{RESULTS}/isoconfigurational/{MAPPED_STATE_POINT}.h5",
        quench=f"{RESULTS}/quench/{MAPPED_STATE_POINT}.h5",
        modes=f"{RESULTS}/modes/{MAPPED_STATE_POINT}.h5",
    output:
        maps=f"{RESULTS}/tables/maps.csv",
        provenance=f"{RESULTS}/tables/maps.csv.provenance.json",
    log:
        f"{RESULTS}/logs/maps.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("maps"),
        runtime=minutes("maps"),
    params:
        code=code("maps"),
    message:
        "Map the fields of one configuration at the lowest temperature."
    script:
        "../scripts/maps.py"


use rule figure1 as figure3 with:
    input:
        maps=f"{RESULTS}/tables/maps.csv",
    output:
        **figure_files(3),
    log:
        f"{RESULTS}/logs/figure3.log",
    localrule: True
    params:
        number=3,
    message:
        "Draw the maps of one configuration at the lowest temperature."


use rule figure1 as figure4 with:
    input:
        overlap=f"{RESULTS}/tables/overlap_vs_modes.csv",
    output:
        **figure_files(4),
    log:
        f"{RESULTS}/logs/figure4.log",
    localrule: True
    params:
        number=4,
    message:
        "Draw overlaps against the number of soft modes."
