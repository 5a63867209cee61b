"""Whose payment a row is: the examples of DESIGN §5.1, and that nothing weaker than a key ever posts."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova.lib.documents import Document
from payments.matching import Book, Debt, State, Typed, match, oldest_first
from payments.reading.rows import Kind, Row

TODAY = date(2026, 12, 15)
ANA, BETO = Document("20111222", "20201112228"), Document("30111222")


def debt(pk: int, balance: str, **given) -> Debt:
    amount = Decimal(balance)
    person = frozenset(filter(None, given.pop("person", ANA)))
    placed_on = given.pop("placed_on", date(2026, 10, 1))
    return Debt(pk, 1, f"N-{pk}", person, amount, given.pop("payable", amount), placed_on, **given)


def book(*debts: Debt, **given) -> Book:
    made = Book(debts={each.id: each for each in debts}, **given)
    for each in debts:
        made.by_number.setdefault(each.nro_cliente, set()).add(each.id)
        for digits in each.documents:
            made.by_document.setdefault(digits, set()).add(each.id)
    return made


def row(amount: str = "5000.00", **given) -> Row:
    fields = {"value_date": date(2026, 12, 10), "identity": "1", **given}
    return Row(line=2, raw="…", kind=Kind.PAYMENT, amount=Decimal(amount), **fields)


def found(paid: Row, known: Book) -> tuple[State, int | None]:
    answer = match(paid, known, today=TODAY)
    return answer.state, answer.case


# --- The keys, from the strongest -------------------------------------------------------------------------
def test_a_key_that_the_creditor_issued_goes_before_everything() -> None:
    known = book(debt(1, "5000"), debt(2, "5000", person=BETO), by_key={"770001": {2}})
    assert found(row(key="770001", nro_cliente="N-1", debtor=BETO), known) == (State.MATCHED, 2)


def test_the_number_of_the_client_in_any_form() -> None:
    known = book(debt(1, "5000"), by_form={"4711": {1}})
    assert found(row(nro_cliente="N-1"), known) == (State.MATCHED, 1)
    assert found(row(nro_cliente="0000004711"), known) == (State.MATCHED, 1)
    assert found(row(key="0000004711"), known) == (State.MATCHED, 1)
    assert found(row(nro_cliente="N-9"), known) == (State.UNMATCHED, None)


def test_a_number_that_two_carteras_use_is_told_apart_by_the_document_or_by_nobody() -> None:
    known = book(debt(1, "5000"), debt(2, "5000", person=BETO), by_key={})
    known.by_number = {"77": {1, 2}}
    assert found(row(nro_cliente="77", debtor=BETO), known) == (State.MATCHED, 2)
    assert found(row(nro_cliente="77"), known) == (State.AMBIGUOUS, None)
    other = debt(3, "5000", person=Document("40111222"))
    known.debts[3], known.by_document["40111222"] = other, {3}
    assert found(row(nro_cliente="77", debtor=Document("40111222")), known) == (State.AMBIGUOUS, None)


def test_a_debtors_document_that_contradicts_the_number_asks_and_a_payers_never_does() -> None:
    known = book(debt(1, "5000"), debt(2, "5000", person=BETO))
    assert found(row(nro_cliente="N-1", debtor=BETO), known) == (State.AMBIGUOUS, 1)
    assert found(row(nro_cliente="N-1", payer=BETO), known) == (State.MATCHED, 1)
    assert found(row(nro_cliente="N-1", debtor=Document(cuit=ANA.cuit)), known) == (State.MATCHED, 1)


def test_a_document_with_one_debt_that_is_owed() -> None:
    known = book(debt(1, "5000"), debt(2, "0"), debt(3, "900", is_returned=True))
    assert found(row(payer=ANA), known) == (State.MATCHED, 1)
    assert found(row(payer=Document(cuit=ANA.cuit)), known) == (State.MATCHED, 1)


def test_a_document_without_debts_that_are_owed_says_so() -> None:
    answer = match(row(payer=ANA), book(debt(2, "0")), today=TODAY)
    assert (answer.state, answer.case) == (State.UNMATCHED, 2)
    assert "sin saldo" in answer.why


def test_a_name_or_an_amount_alone_never_posts() -> None:
    known = book(debt(1, "5000"))
    assert found(row(payer_name="Gómez, Ana"), known) == (State.UNMATCHED, None)


# --- The examples ----------------------------------------------------------------------------------------
def test_e1_an_amount_that_two_debts_expect() -> None:
    known = book(debt(1, "50000"), debt(2, "80000", promises=frozenset({Decimal("50000.00")})))
    assert found(row("50000.00", payer=ANA), known) == (State.AMBIGUOUS, None)


def test_e2_an_instalment_that_is_due() -> None:
    known = book(debt(1, "260000", dues=frozenset({Decimal("86666.66")})), debt(2, "300000"))
    assert found(row("86666.66", payer=ANA), known) == (State.MATCHED, 1)
    assert found(row("86666.67", payer=ANA), known) == (State.AMBIGUOUS, None)


def test_two_kinds_for_one_case_are_one() -> None:
    known = book(debt(1, "5000", promises=frozenset({Decimal("5000")})), debt(2, "300000"))
    assert found(row(payer=ANA), known) == (State.MATCHED, 1)


@pytest.mark.parametrize(("day", "state"), [(9, State.AMBIGUOUS), (13, State.AMBIGUOUS), (6, State.MATCHED)])
def test_e6_a_payment_typed_by_hand_is_proposed(day: int, state: State) -> None:
    known = book(debt(1, "50000"), typed={1: [Typed(70, 1, Decimal("5000.00"), date(2026, 12, day))]})
    answer = match(row(nro_cliente="N-1"), known, today=TODAY)
    assert (answer.state, answer.entry) == (state, 70 if state is State.AMBIGUOUS else None)
    assert found(row("5000.01", nro_cliente="N-1"), known) == (State.MATCHED, 1)


@pytest.mark.parametrize("day", [date(2026, 9, 30), date(2026, 12, 16)])
def test_e8_before_the_placement_or_in_the_future(day: date) -> None:
    assert found(row(nro_cliente="N-1", value_date=day), book(debt(1, "50000")))[0] is State.REJECTED


def test_e9_above_what_is_owed_asks() -> None:
    assert found(row("5000.01", nro_cliente="N-1"), book(debt(1, "5000"))) == (State.AMBIGUOUS, 1)
    arranged = book(debt(1, "9000", payable=Decimal("4999.99")))
    assert found(row(nro_cliente="N-1"), arranged) == (State.AMBIGUOUS, 1)


def test_e10_a_chargeback_proposes_the_payment_that_it_takes_back() -> None:
    back = Row(line=3, raw="…", kind=Kind.REVERSAL, amount=Decimal(5000), value_date=TODAY, reverses="A1")
    known = book(posted={"A1": 70})
    assert match(back, known, today=TODAY).entry == 70
    assert match(replace(back, reverses="A2"), known, today=TODAY).state is State.UNMATCHED


def test_e11_the_oldest_debts_first_and_what_exceeds_goes_to_the_last() -> None:
    debts = [debt(1, "300", placed_on=date(2026, 3, 1)), debt(2, "500", placed_on=date(2026, 1, 1)), debt(3, "0")]
    assert oldest_first(debts, Decimal(600)) == {2: Decimal(500), 1: Decimal(100)}
    assert oldest_first(debts, Decimal(900)) == {2: Decimal(500), 1: Decimal(400)}
    assert oldest_first([debt(3, "0")], Decimal(900)) == {}


def test_a_returned_case_asks() -> None:
    assert found(row(nro_cliente="N-1"), book(debt(1, "50000", is_returned=True))) == (State.AMBIGUOUS, 1)


# --- Whatever comes --------------------------------------------------------------------------------------
AMOUNTS = st.sampled_from([Decimal("100.00"), Decimal("250.00"), Decimal("999.99")])
PEOPLE = st.sampled_from([ANA, BETO, Document("40111222")])
DEBTS = st.lists(
    st.tuples(PEOPLE, AMOUNTS, AMOUNTS, AMOUNTS, st.booleans(), st.sampled_from(["7", "8", "9"])), max_size=5
)


@given(
    DEBTS,
    AMOUNTS,
    st.sampled_from(["", "7", "8"]),
    st.sampled_from(["", "K1", "7"]),
    st.one_of(st.just(Document()), PEOPLE),
    st.one_of(st.just(Document()), PEOPLE),
    st.dictionaries(st.sampled_from(["K1", "K2"]), st.sets(st.integers(0, 4), min_size=1, max_size=2)),
)
def test_it_posts_only_where_the_strongest_evidence_is_of_one_case(debts, amount, number, key, debtor, payer, keys):
    """The oracle says it another way: what each kind of evidence points at, from the strongest, narrowed in turn."""
    made = []
    for pk, (person, balance, due, promise, returned, its_number) in enumerate(debts):
        expected = {"dues": frozenset({due}), "promises": frozenset({promise}), "is_returned": returned}
        made.append(replace(debt(pk, str(balance), person=person, **expected), nro_cliente=its_number))
    known = book(*made)
    known.by_key = {name: {pk for pk in cases if pk < len(made)} for name, cases in keys.items()}
    known.by_key = {name: cases for name, cases in known.by_key.items() if cases}
    answer = match(row(str(amount), nro_cliente=number, key=key, debtor=debtor, payer=payer), known, today=TODAY)

    document = debtor if any(debtor) else payer
    owed = {d.id for d in made if d.documents & set(filter(None, document)) and d.balance > 0 and not d.is_returned}
    meant = {d.id for d in made if d.id in owed and amount in (d.dues | d.promises | {d.balance})}
    evidence = [
        known.by_key.get(key, set()) if key else set(),
        {d.id for d in made if number and d.nro_cliente == number},
        {d.id for d in made if key and d.nro_cliente == key},
        owed,
        meant,
    ]
    left = set(range(len(made)))
    chosen = None
    for cases in evidence:
        narrowed = left & cases
        if len(narrowed) == 1:
            (chosen,) = narrowed
            break
        left = narrowed or left
    if answer.state is State.MATCHED:  # honest: the examples above are matched
        assert (answer.case, amount <= known.debts[answer.case].payable) == (chosen, True)


@given(st.lists(st.tuples(AMOUNTS, st.integers(0, 300)), min_size=1, max_size=6), AMOUNTS)
def test_a_proposed_split_comes_to_the_amount(debts, amount) -> None:
    made = [debt(pk, str(b), placed_on=TODAY - timedelta(days=days)) for pk, (b, days) in enumerate(debts)]
    assert sum(oldest_first(made, amount).values()) == amount
