"""The exceptions of an import that did nothing."""


class ImportFailed(Exception):
    """Nothing was done; the message is one line in Spanish that says what to do (exit code 2, DESIGN §5)."""


class ImportConflict(ImportFailed):
    """Nothing was done because somebody else was writing at that moment: the same again may succeed."""
