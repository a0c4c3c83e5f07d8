rule figure1:
    input:
        overlap=f"{RESULTS}/tables/overlap_vs_gamma.csv",
        energy=f"{RESULTS}/tables/energy_stress.csv",
        critical=f"{RESULTS}/tables/gamma_c.csv",
    output:
        pdf=f"{RESULTS}/figures/fig1.pdf",
        png=f"{RESULTS}/figures/fig1.png",
        provenance=multiext(
            f"{RESULTS}/figures/fig1", ".pdf.provenance.json", ".png.provenance.json"
        ),
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
        code=code("figure1"),
    message:
        "Draw overlap, energy and stress against strain."
    script:
        "../scripts/figure1.py"


rule figure2:
    input:
        overlap=f"{RESULTS}/tables/overlap_vs_temperature.csv",
    output:
        pdf=f"{RESULTS}/figures/fig2.pdf",
        png=f"{RESULTS}/figures/fig2.png",
        provenance=multiext(
            f"{RESULTS}/figures/fig2", ".pdf.provenance.json", ".png.provenance.json"
        ),
    log:
        f"{RESULTS}/logs/figure2.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("figure"),
        runtime=minutes("figure"),
    params:
        code=code("figure2"),
    message:
        "Draw overlaps against temperature."
    script:
        "../scripts/figure2.py"


rule figure3:
    input:
        equilibrium=f"{RESULTS}/equilibrium/{MAPPED_STATE_POINT}.h5",
        isoconfigurational=f"{RESULTS}/isoconfigurational/{MAPPED_STATE_POINT}.h5",
        quench=f"{RESULTS}/quench/{MAPPED_STATE_POINT}.h5",
        modes=f"{RESULTS}/modes/{MAPPED_STATE_POINT}.h5",
    output:
        pdf=f"{RESULTS}/figures/fig3.pdf",
        png=f"{RESULTS}/figures/fig3.png",
        provenance=multiext(
            f"{RESULTS}/figures/fig3", ".pdf.provenance.json", ".png.provenance.json"
        ),
    log:
        f"{RESULTS}/logs/figure3.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("figure"),
        runtime=minutes("figure"),
    params:
        code=code("figure3"),
    message:
        "Draw the maps of one configuration at the lowest temperature."
    script:
        "../scripts/figure3.py"


rule figure4:
    input:
        overlap=f"{RESULTS}/tables/overlap_vs_modes.csv",
    output:
        pdf=f"{RESULTS}/figures/fig4.pdf",
        png=f"{RESULTS}/figures/fig4.png",
        provenance=multiext(
            f"{RESULTS}/figures/fig4", ".pdf.provenance.json", ".png.provenance.json"
        ),
    log:
        f"{RESULTS}/logs/figure4.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("figure"),
        runtime=minutes("figure"),
    params:
        code=code("figure4"),
    message:
        "Draw overlaps against the number of soft modes."
    script:
        "../scripts/figure4.py"
