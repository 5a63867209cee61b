import pytest

from cases.importing.errors import ImportFailed
from cases.importing.reader import open_table


@pytest.fixture
def read(tmp_path):
    def read(content, *, name="cartera.csv", encoding="utf-8", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        with open_table(path, **options) as table:
            return table, [(number, list(cells)) for number, cells in table]

    return read


@pytest.fixture
def refused(read):
    """The one-line message with which a file is refused."""

    def refused(content, **options):
        with pytest.raises(ImportFailed) as caught:
            read(content, **options)
        message = str(caught.value)
        assert message
        assert "\n" not in message
        return message

    return refused
