import shlex
from contextlib import suppress

from snakemake.logging import logger
from softmodes.study import terminal

FOLLOWERS = []


def tasks():
    """What this run has to do, by Snakemake's numbers of its jobs."""
    planned = costs.jobs(config, published_state_points())
    seconds = {f"{RESULTS}/logs/{one.name}.log": one.cost.seconds for one in planned}
    return {
        job.jobid: terminal.Task(
            stage=job.rule.name,
            seconds=seconds.get(str(job.log), 0.0),
            cores=job.threads,
            log=Path(str(job.log)) if job.log else None,
            after=frozenset(other.jobid for other in workflow.dag.dependencies[job]),
        )
        for job in workflow.dag.needrun_jobs()
    }


def follow_run():
    """Follow this run, and show how far it is in place of Snakemake's counts and reasons."""
    from snakemake.settings.enums import Quietness

    quiet = set(workflow.output_settings.quiet or ())
    run = terminal.Run(tasks(), None if workflow.nodes else workflow.cores)
    screen = None
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler" and quiet.isdisjoint(
            [Quietness.PROGRESS, Quietness.ALL]
        ):
            handler.formatter.quiet = quiet | {Quietness.REASON}
            handler.addFilter(lambda record: getattr(record, "event", "") != "progress")
            screen = terminal.Screen(handler.stream)
            handler.setStream(screen)
    follower = terminal.Follower(run, screen)
    logger.addHandler(follower)
    FOLLOWERS.append(follower)


def start_without_limit():
    """Let go of Snakemake's limit of jobs per second, which only a queue needs.

    It looks for new jobs once a second for every job that has ended: with some hundred jobs to come
    that takes a core.
    """
    if not workflow.nodes:
        workflow.scheduler.job_rate_limiter = None


onstart:
    # what it asks of Snakemake may be elsewhere in another version: then there is no line
    with suppress(Exception):
        start_without_limit()
    with suppress(Exception):
        follow_run()


onsuccess:
    for follower in FOLLOWERS:
        follower.close()
        # a touch is content with what is there
        if "all" in follower.run.stages and Path(RESULTS, "summary.json").exists():
            command = shlex.join(["snakemake", "--report", "report.html", *sys.argv[1:]])
            logger.info(terminal.result(config["study"], RESULTS, command))


onerror:
    for follower in FOLLOWERS:
        follower.close()
        for failure in follower.run.failures():
            logger.error(f"Failed: {failure}")
