"""Arrangements: the worked examples of DESIGN §3.8 to the cent, and what holds for all of them."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cases.rules.arrangements import (
    Asked,
    Deal,
    Entry,
    Limit,
    Part,
    Pause,
    Refused,
    Terms,
    due_dates,
    exceeded,
    flows_of,
    interest_parts,
    less_percent,
    limit_of_role,
    monthly_cost,
    needed,
    outcome,
    schedule,
    taken_back_on,
    waived_percent,
    yearly_cost,
)
from nova.lib import dates

D = Decimal
TERMS = Terms(3, D("0.00"), 30)
SIGNED = date(2026, 12, 1)


def divided(system="none", base="400000", agreed=None, down="0", count=6, rate="0", **more):
    return schedule(
        system=system,
        base=D(base),
        agreed=None if agreed is None else D(agreed),
        down=D(down),
        count=count,
        monthly_rate=D(rate),
        accepted_on=SIGNED,
        first_due_on=date(2026, 12, 10),
        **more,
    )


def amounts(parts):
    return [str(part.amount) for part in parts]


def yearly(parts, financed, system):
    return yearly_cost(monthly_cost(D(financed), flows_of(parts, system=system, accepted_on=SIGNED)))


# --- How a total is divided ------------------------------------------------------------------------------
def test_equal_parts_take_their_cents_in_the_last():
    assert amounts(divided(base="1000000", count=3)) == ["333333.33", "333333.33", "333333.34"]  # E1


def test_direct_interest_is_on_what_is_left_after_the_down_payment():
    parts = divided("direct", base="480000", down="80000", rate="5")  # E2
    assert amounts(parts) == ["80000", *["86666.66"] * 5, "86666.70"]
    assert sum(part.amount for part in parts) == 600_000
    assert yearly(parts, "400000", "direct") == D("153.32")
    assert parts[0] == Part(0, SIGNED, D(80000))


def test_the_french_system():
    parts = divided("french", rate="5")  # E3
    assert amounts(parts) == [*["78806.99"] * 5, "78806.97"]
    assert sum(part.amount for part in parts) == D("472841.92")
    assert yearly(parts, "400000", "french") == D("79.59")
    assert amounts(divided("french", base="250000", count=3, rate="4.5")) == ["90943.34"] * 3  # E4


def test_the_french_system_without_a_rate_is_equal_parts_and_costs_nothing():
    parts = divided("french", base="1000000", count=3)
    assert amounts(parts) == ["333333.33", "333333.33", "333333.34"]
    assert yearly(parts, "1000000", "french") is None


def test_interest_of_each_instalment():
    french = [part.amount for part in divided("french", rate="5")]
    assert [str(each) for each in interest_parts(D(400000), D(5), french, "french")][:2] == ["20000.00", "17059.65"]
    direct = [part.amount for part in divided("direct", base="480000", down="80000", rate="5")][1:]
    shares = interest_parts(D(400000), D(5), direct, "direct")
    assert (sum(shares), shares[0]) == (D("120000.00"), D("19999.99"))


def test_due_dates_are_the_day_of_the_first_or_the_last_of_a_shorter_month():
    assert due_dates(date(2027, 1, 31), 5) == [
        date(2027, 1, 31),
        date(2027, 2, 28),
        date(2027, 3, 31),
        date(2027, 4, 30),
        date(2027, 5, 31),
    ]
    assert due_dates(date(2028, 1, 30), 2)[1] == date(2028, 2, 29)
    assert due_dates(date(2028, 2, 29), 13)[12] == date(2029, 2, 28)
    assert due_dates(date(2026, 12, 10), 2)[1] == date(2027, 1, 10)


def test_typed_instalments_add_up_in_the_order_of_their_dates():
    typed = [(date(2026, 12, 10), D("60000.00")), (date(2026, 12, 24), D("40000.00"))]
    assert amounts(divided("free", agreed="150000", down="50000", typed=typed)) == ["50000", "60000.00", "40000.00"]
    for wrong, said in [
        ({"agreed": "150001"}, "schedule"),
        ({"typed": typed[::-1]}, "schedule"),
        ({"typed": [typed[0], typed[0]]}, "schedule"),
        ({"typed": [(SIGNED, D(0))]}, "schedule"),
        ({"typed": []}, "instalments"),
    ]:
        with pytest.raises(Refused) as refused:
            divided("free", **({"agreed": "150000", "down": "50000", "typed": typed} | wrong))
        assert refused.value.field == said


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"base": "0"}, "case"),
        ({"count": 0}, "instalments"),
        ({"count": 61}, "instalments"),
        ({"rate": "-1"}, "monthly_rate"),
        ({"rate": "1001"}, "monthly_rate"),
        ({"down": "-1"}, "down_payment"),
        ({"down": "400000"}, "down_payment"),
        ({"agreed": "100000", "down": "100000"}, "down_payment"),
        ({"base": "0.59", "count": 60}, "instalments"),
        ({"base": "0.05", "count": 60, "system": "french", "rate": "5"}, "instalments"),
    ],
)
def test_what_cannot_be_divided_names_the_field(wrong, field):
    with pytest.raises(Refused) as refused:
        divided(**wrong)
    assert refused.value.field == field


money = st.integers(1, 999_999_999_999_999).map(lambda cents: D(cents) / 100)


@given(money, st.integers(1, 60), st.integers(0, 5000), st.sampled_from(["none", "direct", "french"]), st.data())
def test_the_instalments_add_up_to_what_was_agreed(base, count, rate, system, data):
    down = D(data.draw(st.integers(0, int(base * 100) - 1))) / 100
    rate = D(rate) / 100
    try:
        parts = divided(system, base=base, down=down, count=count, rate=rate)
    except Refused:
        return
    amounts = [part.amount for part in parts]
    assert min(amounts) > 0
    assert amounts == [amount.quantize(D("0.01")) for amount in amounts]
    total = sum(part.amount for part in parts)
    assert total == base if system == "none" else total >= base
    assert [part.number for part in parts] == list(range(0 if down else 1, count + 1))
    own = [part.amount for part in parts if part.number]
    interest = interest_parts(base - down, rate, own, system)
    assert sum(interest) == total - base
    assert min(interest) >= 0
    assert min(part - each for each, part in zip(interest, own, strict=True)) >= 0


def test_a_waiver_is_rounded_half_up():
    assert less_percent(D("121143.49"), D(50)) == D("60571.75")  # E9
    assert D("121143.49") - D("60571.75") == D("60571.74")
    assert less_percent(D("100000.05"), D(12)) == D("88000.04")  # E11
    assert waived_percent(D(250000), D(150000)) == D("40.00")
    assert waived_percent(D(250000), D(300000)) == 0


# --- What becomes of it ------------------------------------------------------------------------------------
def at(day, hour=12):
    return datetime(day.year, day.month, day.day, hour, tzinfo=dates.BuenosAires())


class Story:
    """A debt, an arrangement on it and what happened since, in the order in which it was recorded."""

    def __init__(self, base, parts, *, agreed=None, signed=SIGNED, count=2, days=None, placed="2026-10-01"):
        self.deal = Deal(at(signed), D(base), D(agreed or base), count, days)
        self.parts, self.pauses = parts, []
        self.entries = [Entry(1, D(base), date.fromisoformat(placed), at(date.fromisoformat(placed)), False, False)]

    def post(self, day, amount, *, posted=None, payment=False, creditor=False):
        day = date.fromisoformat(day)
        moment = at(date.fromisoformat(posted) if posted else day, 13)
        self.entries.append(Entry(len(self.entries) + 1, D(amount) + D("0.00"), day, moment, payment, creditor))
        return self

    def pay(self, day, amount, **more):
        return self.post(day, -D(amount), payment=True, **more)

    def on(self, day, **more):
        day = date.fromisoformat(day)
        return outcome(self.deal, self.parts, self.entries, self.pauses, today=day, terms=more.get("terms", TERMS))


def three():
    days = due_dates(date(2026, 12, 10), 3)
    return Story("300000", [Part(number, day, D(100_000)) for number, day in enumerate(days, start=1)])


def cash(agreed="150000", base="250000"):
    return Story(base, [Part(1, date(2026, 12, 15), D(agreed))], agreed=agreed)


def with_interest():
    parts = divided("direct", base="480000", down="80000", rate="5")
    return Story("480000", parts, agreed="600000")


def shown(found):
    return [(str(part.paid_amount), str(part.status)) for part in found.parts.values()]


def test_two_overdue_instalments_let_it_lapse():
    story = three().pay("2026-12-09", 60_000).pay("2027-01-12", 90_000)  # E5
    assert shown(story.on("2026-12-15"))[0] == ("60000.00", "pending")
    assert shown(story.on("2026-12-16"))[0] == ("60000.00", "overdue")
    third = story.on("2027-01-12")
    assert shown(third) == [("100000.00", "paid"), ("50000.00", "pending"), ("0.00", "pending")]
    assert third.parts[1].paid_on == date(2027, 1, 12)
    fourth = story.on("2027-01-14")
    assert (fourth.status, shown(fourth)[1][1]) == ("active", "overdue")
    assert story.on("2027-02-15").status == "active"
    lapsed = story.on("2027-02-16")
    assert (lapsed.status, lapsed.closed_on) == ("lapsed", date(2027, 2, 16))
    assert story.on("2030-01-01") == lapsed


def test_a_plan_of_one_payment_lapses_as_soon_as_it_is_overdue():
    story = cash()
    assert story.on("2026-12-18").status == "active"
    assert story.on("2026-12-21").closed_on == date(2026, 12, 19)


def test_a_payment_on_the_day_of_the_lapse_feeds_nothing_and_one_valued_before_undoes_it():
    late = cash().pay("2026-12-19", 150_000)
    assert (late.on("2026-12-19").status, shown(late.on("2026-12-19"))) == ("lapsed", [("0.00", "overdue")])
    back_dated = cash().pay("2026-12-18", 150_000, posted="2026-12-22")
    assert (back_dated.on("2026-12-22").status, back_dated.on("2026-12-22").waived) == ("completed", 100_000)


def test_payments_of_the_day_of_acceptance_count_once_it_is_accepted():
    earlier = cash()
    earlier.entries.append(Entry(2, -D(150_000), SIGNED, at(SIGNED, 11), True, False))
    assert earlier.on("2026-12-02").status == "active"
    same_save = cash()
    same_save.entries.append(Entry(2, -D(150_000), SIGNED, at(SIGNED, 12), True, False))
    assert same_save.on("2026-12-02").status == "completed"


def test_what_is_left_over_feeds_the_next_instalment():
    found = three().pay("2026-12-05", 150_000).on("2026-12-05")
    assert shown(found) == [("100000.00", "paid"), ("50000.00", "pending"), ("0.00", "pending")]
    assert found.next_due_on == date(2027, 1, 10)


def test_payments_feed_in_the_order_of_their_dates_whenever_they_were_recorded():
    story = three().pay("2026-12-20", 200_000).pay("2026-12-05", 100_000, posted="2026-12-20")
    found = story.on("2026-12-20")
    assert [part.paid_on for part in found.parts.values()] == [date(2026, 12, 5), *[date(2026, 12, 20)] * 2]
    assert (found.status, found.closed_on) == ("completed", date(2026, 12, 20))


def test_a_cent_too_little_is_not_paid_unless_it_is_tolerated():
    story = cash().pay("2026-12-10", "149999.99")
    assert story.on("2026-12-20").status == "lapsed"
    assert story.on("2026-12-20", terms=TERMS._replace(tolerance=D("0.01"))).status == "completed"


def test_one_instalment_that_is_late_for_too_long():
    story = three()
    story.deal = story.deal._replace(lapse_days=20)
    assert story.on("2026-12-30").status == "active"
    assert story.on("2026-12-31").closed_on == date(2026, 12, 31)


def test_a_single_one_that_is_left_lapses_thirty_days_after_the_last_date():
    story = three().pay("2026-12-10", 200_000)
    assert story.on("2027-03-11").status == "active"
    assert story.on("2027-03-12").closed_on == date(2027, 3, 12)


def test_no_day_within_a_stop_lets_it_lapse_and_lateness_is_counted_from_its_end():
    story = three()
    story.pauses = [Pause(date(2027, 1, 5), None)]
    assert story.on("2027-06-01").status == "active"
    assert shown(story.on("2027-06-01"))[0][1] == "pending"
    story.pauses = [Pause(date(2027, 1, 5), date(2027, 3, 1))]
    assert story.on("2027-03-04").status == "active"
    assert story.on("2027-03-05").closed_on == date(2027, 3, 5)
    assert story.on("2027-01-04").status == "active"


def test_a_stop_after_the_lapse_changes_nothing():
    story = three()
    story.pauses = [Pause(date(2027, 1, 15), date(2027, 3, 1))]
    assert story.on("2027-06-01").closed_on == date(2027, 1, 14)


def test_what_is_not_yet_due_gives_its_interest_back():
    story = with_interest().pay("2026-12-01", 80_000).pay("2026-12-10", "86666.66").pay("2027-01-10", "86666.66")
    deal, parts = story.deal, story.parts
    unpaid = [(part.due_on, part.amount) for part in parts[3:]]
    assert taken_back_on(deal, unpaid, story.entries, day=date(2027, 1, 20)) == 120_000  # E6
    assert taken_back_on(deal, unpaid[-1:], story.entries, day=date(2027, 4, 20)) == D("86666.70")
    lapsed = story.on("2028-01-01")
    assert lapsed.closed_on == date(2027, 3, 16)  # the instalments of February and March
    assert lapsed.taken_back == 120_000
    assert lapsed.taken_back <= sum(amount for due, amount in unpaid if due > lapsed.closed_on)


def test_a_total_of_the_creditor_keeps_the_interest_of_a_lapse_and_is_waived_by_completion():
    story = with_interest().pay("2026-12-01", 80_000).pay("2026-12-10", "86666.66").pay("2027-01-10", "86666.66")
    story.post("2027-01-20", "173333.32", creditor=True)  # E7
    assert story.on("2028-01-01").taken_back == 0
    story.pay("2027-02-10", "346666.68")
    done = story.on("2027-02-10")
    assert (done.status, done.waived, done.taken_back) == ("completed", D("173333.32"), 0)


def test_a_restatement_on_the_day_of_the_lapse_comes_after_it():
    story = with_interest().pay("2026-12-01", 80_000).pay("2026-12-10", "86666.66").pay("2027-01-10", "86666.66")
    story.post("2027-03-16", "1000", creditor=True)
    assert story.on("2027-03-20").taken_back == 120_000


def test_completion_waives_what_was_agreed():
    done = cash().pay("2026-12-14", 150_000).on("2026-12-14")  # E8
    assert (done.status, done.waived, done.closed_on) == ("completed", 100_000, date(2026, 12, 14))
    assert cash().on("2026-12-14").waived == 0


def test_a_lower_total_completes_without_a_waiver_and_a_higher_one_is_waived_too():
    lower = cash().post("2026-12-05", -110_000, creditor=True).pay("2026-12-14", 140_000).on("2026-12-14")  # E10
    assert (lower.status, lower.waived, shown(lower)) == ("completed", 0, [("140000.00", "pending")])
    higher = cash().post("2026-12-05", 12_500, creditor=True).pay("2026-12-14", 150_000).on("2026-12-14")
    assert (higher.status, higher.waived) == ("completed", 112_500)


@pytest.mark.parametrize("extra", ["10000", "-30000"])
def test_fees_stay_owed_and_a_correction_leaves_less_to_waive(extra):
    done = cash().post("2026-12-05", extra).pay("2026-12-14", 150_000).on("2026-12-14")
    assert done.waived == min(100_000, 100_000 + D(extra))


def test_what_was_added_after_completion_is_not_waived():
    story = cash().pay("2026-12-14", 170_000).post("2026-12-15", 50_000)
    assert story.on("2026-12-20").waived == 80_000


def test_a_payment_that_never_happened_takes_completion_back():
    story = cash().pay("2026-12-14", 150_000)
    story.entries.pop()  # reversed: the rules are not told of it any more
    assert story.on("2026-12-16").status == "active"
    found = story.on("2026-12-21")
    assert (found.status, found.closed_on, found.waived) == ("lapsed", date(2026, 12, 19), 0)  # E8


def test_the_next_look_is_the_next_day_that_may_change_something():
    story = three()
    assert story.on("2026-12-01").next_look_on == date(2026, 12, 9)  # the business day before the first date
    assert story.on("2026-12-09").next_look_on == date(2026, 12, 10)
    assert story.on("2026-12-10").next_look_on == date(2026, 12, 16)  # overdue from then on
    story.pauses = [Pause(date(2026, 12, 5), None)]
    assert story.on("2026-12-06").next_look_on == date(2026, 12, 7)


days = st.integers(0, 120).map(lambda number: SIGNED + timedelta(days=number))
posts = st.lists(
    st.tuples(days, st.integers(1, 20_000_000), st.sampled_from(["pay", "creditor", "fee", "less"])), max_size=8
)
pauses = st.lists(st.tuples(days, st.one_of(st.none(), st.integers(0, 40))), max_size=2)


def random_story(posts, pauses, plan):
    story = [three, cash, with_interest][plan]()
    for day, cents, kind in sorted(posts, key=lambda post: post[0]):
        amount = D(cents) / 100
        story.post(
            day.isoformat(),
            amount if kind in ("creditor", "fee") else -amount,
            payment=kind == "pay",
            creditor=kind == "creditor",
        )
    story.pauses = [
        Pause(since, since + timedelta(days=length) if length is not None else None) for since, length in pauses
    ]
    return story


@given(posts, pauses, st.integers(0, 2), st.randoms())
def test_the_outcome_does_not_depend_on_the_order_of_the_arguments(posts, pauses, plan, random):
    story = random_story(posts, pauses, plan)
    first = story.on("2027-05-01")
    for rows in (story.entries, story.parts, story.pauses):
        random.shuffle(rows)
    assert story.on("2027-05-01") == first


@given(posts, pauses, st.integers(0, 2))
@example([(SIGNED, 15_000_000, "pay"), (SIGNED + timedelta(days=1), 1, "creditor")], [], 1)
def test_what_has_ended_stays_ended_however_late_it_is_asked(posts, pauses, plan):
    story = random_story(posts, pauses, plan)
    ended = None
    for number in range(150):
        today = SIGNED + timedelta(days=number)
        # What a creditor states of a debt that its arrangement has settled is not posted (§3.8).
        settled_on = ended[1] if ended and ended[0] == "completed" else today
        made = [post for post in posts if post[0] <= (settled_on if post[2] == "creditor" else today)]
        story_of_today = random_story(made, [], plan)
        story_of_today.pauses = story.pauses
        found = story_of_today.on(today.isoformat())
        assert 0 <= found.taken_back <= story.deal.plan_interest
        assert found.waived >= 0
        assert (found.waived > 0) <= (found.status == "completed")
        paid = [(found.parts[part.number].paid_amount, part.amount) for part in story.parts]
        assert min(amount for amount, _ in paid) >= 0
        assert min(due - amount for amount, due in paid) >= 0
        if ended is not None:  # honest: the days after the end, of the histories that have one
            assert (found.status, found.closed_on, found.taken_back, found.waived) == ended
        elif found.status != "active":  # honest: most of the histories end
            ended = found.status, found.closed_on, found.taken_back, found.waived
            assert found.closed_on == today  # the first day on which it can be known


@given(posts, pauses, st.integers(0, 2), days)
def test_no_day_before_the_next_look_changes_an_active_one(posts, pauses, plan, today):
    past = [post for post in posts if post[0] <= today]
    known = [pause for pause in pauses if pause[0] <= today]  # a stop that comes is looked at when it comes
    story = random_story(past, known, plan)
    found = story.on(today.isoformat())
    if found.status != "active":  # honest: about what runs
        return
    day = today + timedelta(days=1)
    while day < found.next_look_on:  # honest: the next look is days away in most histories
        assert story.on(day.isoformat())._replace(next_look_on=None) == found._replace(next_look_on=None)
        day += timedelta(days=1)


# --- Who may grant it --------------------------------------------------------------------------------------
LIMITS = tuple(Limit(role, D(percent)) for role, percent in (("gestor", 10), ("admin", 30), ("creditor", 50)))


def asked(agreed, base="250000", down="0", count=1, rate="0", capital="0"):
    return Asked(D(base), D(agreed), D(down), count, D(rate), D(capital))


@pytest.mark.parametrize(
    ("agreed", "role"),
    [
        ("225000.00", "gestor"),  # E11
        ("224999.99", "admin"),
        ("175000.00", "admin"),
        ("174999.99", "creditor"),
        ("125000.00", "creditor"),
        ("124999.99", None),
        ("300000.00", "gestor"),
    ],
)
def test_the_lowest_role_that_may(agreed, role):
    found = needed(LIMITS, asked(agreed))
    assert (found.role if found else None) == role


def test_a_percentage_is_within_when_its_half_up_rounding_is():
    assert exceeded(Limit("gestor", D(12)), asked("88000.04", base="100000.05")) == ()
    assert exceeded(Limit("gestor", D(12)), asked("88000.03", base="100000.05")) == ("waiver_percent",)


def test_the_capital_is_kept():
    limit = Limit("admin", D(60), keeps_capital=True)
    assert exceeded(limit, asked("90000", base="144000", capital="90000")) == ()  # E12
    assert exceeded(limit, asked("89999.99", base="144000", capital="90000")) == ("capital",)
    assert waived_percent(D(144_000), D(90_000)) == D("37.50")


def test_instalments_down_payment_and_rate_have_their_limits():
    limit = Limit("gestor", D(10), 6, D(20), False, D(3))
    plan = {"base": "100000", "agreed": "100000", "count": 6, "down": "20000", "rate": "3"}
    assert exceeded(limit, asked(**plan)) == ()
    assert exceeded(limit, asked(**plan | {"count": 7})) == ("instalments",)
    assert exceeded(limit, asked(**plan | {"down": "19999.99"})) == ("down_payment",)
    assert exceeded(limit, asked(**plan | {"rate": "2.99"})) == ("monthly_rate",)
    assert exceeded(limit, asked("90000", base="100000")) == ()  # in cash nothing is put off


def test_rows_of_a_cartera_replace_the_general_ones_and_the_most_months_reached_count():
    general = [Limit("gestor", D(5)), Limit("gestor", D(15), arrears_from_months=12), Limit("admin", D(20))]
    own = [Limit("gestor", D(8), arrears_from_months=6)]
    assert limit_of_role("gestor", [], general, months=11).max_percent == 5
    assert limit_of_role("gestor", [], general, months=12).max_percent == 15
    assert limit_of_role("gestor", own, general, months=12).max_percent == 8
    assert limit_of_role("gestor", own, general, months=5) == Limit("gestor")  # its own, none of which is reached
    assert limit_of_role("admin", own, general, months=5).max_percent == 20
    assert limit_of_role("creditor", own, general, months=5) == Limit("creditor", D(0), 60)
