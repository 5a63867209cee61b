"""The exceptions of an import. When one is raised, nothing was saved."""


class ImportFailed(Exception):
    """Nothing was saved; the message is one line in Spanish that says what to do (exit code 2, DESIGN §5)."""


class ImportConflict(ImportFailed):
    """Nothing was saved because of a concurrent write; a second attempt may succeed."""
