"""In which order the workers of a run take the files of tests (`--dist loadfile --no-loadscope-reorder`).

A file stays with one worker, which then starts what its tests share once: a cluster, a gunicorn, a browser. The files
that take longest come first, so that no worker is left alone with one of them at the end.
"""

import pytest

LONGEST = "test_several_machines.py"


def longest_first(items: list[pytest.Item]) -> None:
    """What starts a cluster, then what drives a browser, then what starts processes; otherwise as they come."""
    kinds: dict[str, set[str]] = {}
    for item in items:
        kinds.setdefault(str(item.path), set()).update(mark.name for mark in item.iter_markers())

    def place(item: pytest.Item) -> int:
        of_its_file = kinds[str(item.path)]
        if item.path.name == LONGEST:
            return 0
        if "browser" in of_its_file:
            return 1
        return 2 if "deployment" in of_its_file else 3

    items.sort(key=place)
