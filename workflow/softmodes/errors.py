"""The one exception that means: the user's input is wrong, and the message says how."""


class InputError(ValueError):
    """A config key, file or argument is unusable.

    The message names it, the value found and what was expected; programs print it without
    a traceback.
    """
