"""The figures in words, and the line that shows how they went."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dashboards.page import tiles, words

values = st.none() | st.decimals(Decimal(-(10**9)), Decimal(10**9), places=2)


@given(st.lists(st.none(), max_size=45), st.none() | values)
def test_one_value_is_no_trend(line: list[None], value: Decimal | None) -> None:
    assert tiles.spark([*line, value, *line]) == ""


@given(st.lists(values, min_size=2, max_size=45))
def test_a_trend_stays_in_its_box_and_rises_with_the_value(line: list[Decimal | None]) -> None:
    points = [tuple(map(float, point.split(","))) for point in tiles.spark(line).split()]
    known = [value for value in line if value is not None]
    assume(len(known) > 1)
    assert len(points) == len(known) > 1
    assert all(0 <= x <= tiles.SPARK_WIDTH and 0 <= y <= tiles.SPARK_HEIGHT for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    highest = max(range(len(known)), key=lambda index: known[index])
    assert points[highest][1] == min(y for _, y in points)  # the top of the box is 0


@pytest.mark.parametrize(
    ("now", "before", "says", "trend"),
    [
        ("150", "100", "+50,0 % (antes $ 100,00)", 1),
        ("75", "100", "-25,0 % (antes $ 100,00)", -1),
        ("100", "100", "+0,0 % (antes $ 100,00)", 0),
        ("100", "0", "antes $ 0,00", 1),
        ("-50", "-100", "antes -$ 100,00", 1),  # a percentage of less than nothing says nothing
        ("0", "0", "antes $ 0,00", 0),
    ],
)
def test_change_against_the_period_before(now: str, before: str, says: str, trend: int) -> None:
    assert tiles.change(Decimal(now), Decimal(before), words.money) == {"change": says, "trend": trend}


@pytest.mark.parametrize(
    ("now", "before", "says", "trend"),
    [
        ("41.67", "40.00", "+1,7 puntos (antes 40,00 %)", 1),
        ("30.00", "41.67", "-11,7 puntos (antes 41,67 %)", -1),
        (None, "41.67", "antes 41,67 %", 0),
        ("41.67", None, "antes —", 0),
    ],
)
def test_change_of_a_percentage_is_in_points(now: str | None, before: str | None, says: str, trend: int) -> None:
    found = tiles.points(now and Decimal(now), before and Decimal(before))
    assert (found["change"].replace("\xa0", " "), found["trend"]) == (says, trend)


def test_words() -> None:
    assert words.whole(1234567) == "1.234.567"
    assert words.percentage(None) == words.money(None) == words.whole(None) == "—"
    assert words.percentage(Decimal("0")) == "0,00\xa0%"
