rule estimate:
    log:
        f"{RESULTS}/logs/estimate.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    params:
        cores=lambda _: workflow.nodes or workflow.cores,
    message:
        "Work out what the study costs."
    script:
        "../scripts/estimate.py"
