"""Pages from the templates beside this module; what they ask for and do not get is an error."""

from __future__ import annotations

import math

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def render(template: str, **values: object) -> str:
    """A page from a template by its name; texts are escaped in HTML.

    Raises:
        jinja2.UndefinedError: a value that the template asks for is not given.
    """
    return _ENVIRONMENT.get_template(template).render(values)


def number(value: float | None, digits: int = 3) -> str:
    """A number to so many digits; a dash for None."""
    return "–" if value is None else f"{value:.{digits}g}"


def plus_minus(mean: float | None, error: float | None) -> str:
    """A number with its error, both to the error's second digit."""
    if mean is None or error is None or error <= 0:
        return number(mean)
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def to(low: float | None, high: float | None, digits: int = 3) -> str:
    """An interval, of which an end may be unknown."""
    if low is None and high is None:
        return "–"
    return f"{number(low, digits)} to {number(high, digits)}"


def entry(value: object) -> str:
    """What stands in a table of a study: yes or no, a number to four digits, a text, or a dash."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if pd.isna(value):
        return "–"
    return number(value, 4) if isinstance(value, float) else str(value)


_ENVIRONMENT = Environment(
    loader=PackageLoader("softmodes.report"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters |= {
    "number": number,
    "plus_minus": plus_minus,
    "to": to,
    "entry": entry,
}
