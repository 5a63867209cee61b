"""The colours of assets/tokens.css keep WCAG 2.2 AA in both themes: text 4.5:1, edges of controls 3:1."""

import math
import re
from itertools import combinations
from operator import mul
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "assets" / "tokens.css"
TOKEN = re.compile(r"--color-([a-z0-9-]+): (?:light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)|(#[0-9a-f]{6}));")

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
    *[(f"chart-{number}", ground) for number in range(1, 9) for ground in ("canvas", "surface")],
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


# How people without one kind of cone see linear light (Machado, Oliveira and Fernandes 2009, severity 1).
VISIONS = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def seen(color: str, vision: str) -> tuple[float, float, float]:
    """Oklab, in which equal distances look alike."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    light = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    red, green, blue = (min(max(sum(map(mul, row, light)), 0), 1) for row in VISIONS[vision])
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISIONS)
def test_series_of_a_chart_are_told_apart(theme: str, vision: str) -> None:
    colors = [tokens(theme)[f"chart-{number}"] for number in range(1, 9)]
    distances = {
        f"{one} {other}": math.dist(seen(one, vision), seen(other, vision)) for one, other in combinations(colors, 2)
    }
    assert min(distances.values()) > 0.12, min(distances, key=distances.get)
