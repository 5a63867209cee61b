"""The colours of assets/app.css keep WCAG 2.2 AA in both themes: text 4.5:1, edges of controls 3:1."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "assets" / "app.css"
TOKEN = re.compile(r"--color-([a-z-]+): (?:light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)|(#[0-9a-f]{6}));")

TEXT_ON_GROUND = [
    *[
        (text, ground)
        for text in ("ink", "muted", "accent", "accent-strong", "danger")
        for ground in ("canvas", "surface")
    ],
    *[(text, "sunken") for text in ("ink", "muted")],
    *[(tone, f"{tone}-soft") for tone in ("accent", "positive", "warning", "danger", "info")],
    *[("accent-strong", "accent-soft"), ("on-accent", "accent"), ("on-accent", "accent-strong")],
    *[("on-danger", "danger"), ("on-danger", "danger-strong")],
    *[("on-brand", "brand"), ("on-brand-muted", "brand")],
]
EDGE_ON_GROUND = [
    ("line-strong", "canvas"),
    ("line-strong", "surface"),
    ("accent", "canvas"),
    ("accent", "surface"),
]


def tokens(theme: str) -> dict[str, str]:
    """Name to #rrggbb in the theme, `light` or `dark`."""
    found = TOKEN.findall(SOURCE.read_text(encoding="utf-8"))
    return {name: both or (light if theme == "light" else dark) for name, light, dark, both in found}


def luminance(color: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("least", "pairs"), [(4.5, TEXT_ON_GROUND), (3.0, EDGE_ON_GROUND)], ids=["text", "edges"])
def test_contrast(theme: str, least: float, pairs: list[tuple[str, str]]) -> None:
    colors = tokens(theme)

    poor = {
        f"{front} on {ground}": round(contrast(colors[front], colors[ground]), 2)
        for front, ground in pairs
        if contrast(colors[front], colors[ground]) < least
    }

    assert not poor
