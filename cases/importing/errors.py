"""The one exception of an import that did nothing."""


class ImportFailed(Exception):
    """Nothing was done; the message is one line in Spanish that says what to do (exit code 2, DESIGN §5)."""
