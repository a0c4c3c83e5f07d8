"""Soft modes and nonaffine rearrangements: from one configuration to the Letter's figures.

Without --configfile the demo, config/config.yaml, is run. Results go to results/<study>/.
"""

from snakemake.utils import min_version

min_version("9.9")


report: "workflow/report/workflow.rst"


# a file given by --configfile stands alone: merging it into the demo's would fill its gaps
if not workflow.configfiles:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/compile.smk"
include: rules_of("equilibrate")
include: "workflow/rules/pack_equilibria.smk"
include: rules_of("isoconfigurational")
include: "workflow/rules/quench.smk"
include: "workflow/rules/diagonalise.smk"
include: "workflow/rules/overlap.smk"
include: "workflow/rules/aggregate.smk"
include: "workflow/rules/gamma_c.smk"
include: "workflow/rules/slowing_down.smk"


if "variants" in config:

    include: "workflow/rules/variants.smk"


if "cyclic" in config:

    include: "workflow/rules/cyclic.smk"


if "landscape" in config:

    include: "workflow/rules/landscape.smk"


include: "workflow/rules/checks.smk"
include: "workflow/rules/figures.smk"


if "linear_response" in config:

    include: "workflow/rules/linear_response.smk"


include: "workflow/rules/published.smk"
include: "workflow/rules/summary.smk"
include: "workflow/rules/beyond_figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/estimate.smk"
include: "workflow/rules/archive.smk"
include: "workflow/rules/terminal.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        study=STUDY_FILES,
        pages=REPORT_PAGES,
        kernels=KERNELS,
    message:
        f"The study {config['study']} is complete."
