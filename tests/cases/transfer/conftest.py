from pathlib import Path

import pytest

from accounts.models import User
from tests import factories


@pytest.fixture
def gestores(db) -> list[User]:
    return [factories.GestorFactory(username="gperez"), factories.GestorFactory(username="mlopez")]


@pytest.fixture
def users_map(tmp_path: Path, gestores) -> Path:
    """2 is gperez and 4 is mlopez; 1 and 77 are nobody here."""
    path = tmp_path / "usuarios.csv"
    path.write_text("legacy_id,username\n2,gperez\n4,mlopez\n", encoding="utf-8")
    return path
