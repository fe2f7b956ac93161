"""The one exception that every room may raise at start-up and on the command line."""


class UserError(Exception):
    """Something the person who runs Concierge can mend; the message is one line that says what to do.

    Attributes:
        exit_code: the status that the command line ends with.
    """

    exit_code = 2
