"""The root of every error that this code raises on purpose.

An error carries its evidence, says what to mend, and is caught where a decision can be made.
"""


class MailsightError(Exception):
    """Root of all errors of this package."""
