rule estimate:
    log:
        f"{RESULTS}/logs/estimate.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    params:
        cores=lambda _: workflow.nodes or workflow.cores,
        published=lambda _: published_state_points(),
        here=False,
    message:
        "Work out what the study costs."
    script:
        "../scripts/estimate.py"


use rule estimate as estimate_here with:
    log:
        f"{RESULTS}/logs/estimate_here.log",
    params:
        cores=lambda _: workflow.nodes or workflow.cores,
        published=lambda _: published_state_points(),
        here=True,
    message:
        "Time a trajectory on this machine, and work out what the study costs on it."
