SHOWN = {
    1: "Overlap, energy and stress against strain",
    2: "Overlaps against temperature",
    3: "Maps of one configuration",
    4: "Overlaps against the number of modes",
    5: "Soft modes along trajectories",
    6: "Cyclic shear",
    7: "Linear response in the lowest modes",
}
FIGURES = {str(number): SHOWN[number] for number in figure_numbers(config)}
REPORT_PAGES = [
    f"{RESULTS}/report/summary.html",
    *expand(f"{RESULTS}/report/figure{{number}}.html", number=FIGURES),
    *(f"{RESULTS}/report/{state_point(*sample)}.html" for sample in SAMPLES),
]


rule pages:
    input:
        figures=expand(f"{RESULTS}/figures/fig{{number}}.png", number=FIGURES),
        summary=f"{RESULTS}/summary.md",
        overlap_vs_gamma=f"{RESULTS}/tables/overlap_vs_gamma.csv",
        overlap_vs_temperature=f"{RESULTS}/tables/overlap_vs_temperature.csv",
        energy_stress=f"{RESULTS}/tables/energy_stress.csv",
        gamma_c=f"{RESULTS}/tables/gamma_c.csv",
        state_points=f"{RESULTS}/tables/state_points.csv",
    output:
        figures=[
            report(
                f"{RESULTS}/report/figure{number}.html",
                caption=f"../report/figure{number}.rst",
                category="1. Figures",
                labels={"figure": number, "shows": shows},
            )
            for number, shows in FIGURES.items()
        ],
        summary=report(
            f"{RESULTS}/report/summary.html",
            caption="../report/summary.rst",
            category="2. Summary",
            labels={"page": "The study beside the Letter"},
        ),
        samples=[
            report(
                f"{RESULTS}/report/{state_point(n_particles, temperature, sample)}.html",
                caption="../report/sample.rst",
                category="3. Samples",
                labels={
                    "N": f"{n_particles}",
                    "T": f"{temperature:.3f}",
                    "sample": f"{sample:03d}",
                },
            )
            for n_particles, temperature, sample in SAMPLES
        ],
    log:
        f"{RESULTS}/logs/pages.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes("summary"),
        runtime=minutes("summary"),
    params:
        code=code("pages"),
    message:
        "Set the pages of the report."
    script:
        "../scripts/pages.py"
