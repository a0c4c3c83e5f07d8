"""Tables, verdicts, figures and pages."""

__all__ = [
    "archive",
    "checks",
    "evidence",
    "figures",
    "letter",
    "pages",
    "rendering",
    "summary",
    "summary_page",
    "tables",
    "verdicts",
]
