"""The one error of the embedded default that a person is meant to read."""


class CannotRun(Exception):
    """`make run` cannot go on. The message says what is in the way and what to do; it is printed alone."""
