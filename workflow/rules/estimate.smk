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


# local only if it says so itself
use rule estimate as estimate_here with:
    log:
        f"{RESULTS}/logs/estimate_here.log",
    localrule: True
    params:
        here=True,
    message:
        "Time a trajectory on this machine, and work out what the study costs on it."


rule costs:
    output:
        # not among the tables: no two runs take the same time
        costs=f"{RESULTS}/costs.csv",
    log:
        f"{RESULTS}/logs/costs.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    params:
        published=lambda _: published_state_points(),
    message:
        "Collect what the jobs took."
    script:
        "../scripts/costs.py"
