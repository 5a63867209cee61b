"""Templates can be read: no line beyond 160 characters, one attribute a line where a tag is long."""

from tests.serving import ROOT

LIMIT = 160


def test_no_line_of_a_template_is_too_long() -> None:
    templates = sorted((ROOT / "templates").rglob("*.html"))
    assert len(templates) > 50
    long = [
        (str(path.relative_to(ROOT)), number)
        for path in templates
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > LIMIT
    ]
    assert long == []
