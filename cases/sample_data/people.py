"""Invented people of Argentina: random names, with valid documents and phones that belong to nobody."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from stdnum.ar import cuit as stdnum_cuit

from cases.models import Debtor, DebtorPhone
from nova.lib.phones import LANDLINE, parse_phone_number

# fmt: off
WOMEN = [
    "María", "Ana", "Lucía", "Sofía", "Valentina", "Camila", "Martina", "Julieta", "Florencia", "Agustina",
    "Micaela", "Rocío", "Carolina", "Verónica", "Mónica", "Graciela", "Silvia", "Norma", "Susana", "Noemí",
    "Estela", "Begoña", "Ángeles", "Inés", "Belén", "Pilar", "Mercedes", "Yamila", "Daiana", "Antonella",
    "María José", "María de los Ángeles", "Ana Clara", "Luz Marina", "Rosa Itatí",
]
MEN = [
    "Juan", "José", "Martín", "Nicolás", "Agustín", "Matías", "Joaquín", "Tomás", "Germán", "Adrián", "Sebastián",
    "Ramón", "Raúl", "Óscar", "Héctor", "Rubén", "Julián", "Iván", "Fabián", "Gastón", "Leandro", "Ezequiel",
    "Damián", "Ulises", "Bautista", "Lautaro", "Facundo", "Emanuel", "Néstor", "Aníbal", "Juan Cruz", "José Luis",
    "Juan Ignacio", "Carlos Alberto", "Ángel Custodio",
]
SURNAMES = [
    "González", "Rodríguez", "Gómez", "Fernández", "López", "Díaz", "Martínez", "Pérez", "Sánchez", "Romero",
    "Sosa", "Torres", "Álvarez", "Ruiz", "Ramírez", "Flores", "Benítez", "Acosta", "Medina", "Herrera", "Suárez",
    "Aguirre", "Giménez", "Gutiérrez", "Pereyra", "Rojas", "Molina", "Castro", "Ortiz", "Silva", "Núñez", "Luna",
    "Cabrera", "Ríos", "Morales", "Godoy", "Ferreyra", "Domínguez", "Muñoz", "Méndez", "Peralta", "Ojeda", "Ibáñez",
    "Peña", "Coria", "Quiroga", "Bustos", "Maldonado", "Leiva", "Escalante", "Yáñez", "Zárate", "Bianchi", "Rossi",
    "Ferrari", "Esposito", "Müller", "D'Angelo", "Etchegaray", "Goñi", "Argañaraz", "Chávez", "Villalba", "Carrizo",
    "Nievas", "Ñancupil", "Weiss", "Kowalczuk", "De la Fuente", "San Martín",
]
TRADES = [
    "Panificadora", "Distribuidora", "Ferretería", "Transportes", "Agropecuaria", "Maderas", "Textil",
    "Frigorífico", "Aberturas", "Metalúrgica",
]
BRANDS = [
    "El Ñandú", "La Cañada", "Don Anselmo", "Río Hondo", "Tres Álamos", "Nueva Aurora", "Los Teros", "Puente Viejo",
]
FORMS = [
    "S.R.L.", "S.A.", "S.A.S.", "Sociedad de Responsabilidad Limitada",
]
STREETS = [
    "San Martín", "Belgrano", "Rivadavia", "Mitre", "Sarmiento", "9 de Julio", "25 de Mayo", "Hipólito Yrigoyen",
    "Av. Colón", "Av. Libertador", "Güemes", "Moreno", "Alem", "Los Álamos", "Las Acacias", "Pasaje Ñuñorco",
    "Bv. Oroño", "Calle 12", "Ruta 9 Km", "Diagonal 74",
]
OCCUPIED = [
    "Ya no vive ahí", "Pidió que lo llamen por la tarde", "Atiende la hija", "Cobra los primeros días del mes",
]
# fmt: on


class Place(NamedTuple):
    city: str
    provincia: str
    postal_code: str
    area: str


PLACES = [
    Place("Ciudad Autónoma de Buenos Aires", "Ciudad Autónoma de Buenos Aires", "C1043", "11"),
    Place("Lanús", "Buenos Aires", "1824", "11"),
    Place("San Justo", "Buenos Aires", "1754", "11"),
    Place("Morón", "Buenos Aires", "1708", "11"),
    Place("La Plata", "Buenos Aires", "1900", "221"),
    Place("Mar del Plata", "Buenos Aires", "7600", "223"),
    Place("Bahía Blanca", "Buenos Aires", "8000", "291"),
    Place("Córdoba", "Córdoba", "X5000", "351"),
    Place("Río Cuarto", "Córdoba", "5800", "358"),
    Place("Rosario", "Santa Fe", "2000", "341"),
    Place("Santa Fe", "Santa Fe", "3000", "342"),
    Place("Paraná", "Entre Ríos", "3100", "343"),
    Place("Mendoza", "Mendoza", "5500", "261"),
    Place("San Juan", "San Juan", "5400", "264"),
    Place("San Miguel de Tucumán", "Tucumán", "4000", "381"),
    Place("Salta", "Salta", "4400", "387"),
    Place("Corrientes", "Corrientes", "3400", "379"),
    Place("Resistencia", "Chaco", "3500", "362"),
    Place("Posadas", "Misiones", "3300", "376"),
    Place("Neuquén", "Neuquén", "8300", "299"),
    Place("Comodoro Rivadavia", "Chubut", "9000", "297"),
]

COMPANIES_PER_HUNDRED = 5
WITHOUT_DNI_PER_HUNDRED = 3


def debtors(chance: Random) -> Iterator[tuple[Debtor, list[DebtorPhone]]]:
    """An endless sequence of unsaved debtors with their unsaved phones; documents are unique."""
    taken: set[str] = set()
    while True:
        place = chance.choice(PLACES)
        kind = chance.randrange(100)
        person = _company(chance, taken) if kind < COMPANIES_PER_HUNDRED else _person(chance, taken)
        person.street, person.street_number = chance.choice(STREETS), str(chance.randrange(10, 6000))
        person.city, person.provincia, person.postal_code = place.city, place.provincia, place.postal_code
        yield person, _phones(person, place, chance)


def _person(chance: Random, taken: set[str]) -> Debtor:
    names, prefix = chance.choice(((WOMEN, "27"), (MEN, "20")))
    first = chance.choice(names)
    last = chance.choice(SURNAMES)
    if chance.random() < 0.15:
        last = f"{last} {chance.choice(SURNAMES)}"
    debtor = Debtor(first_name=first, last_name=last)
    if chance.randrange(100) >= WITHOUT_DNI_PER_HUNDRED:
        debtor.dni = _unused(chance, taken, 5_000_000, 47_000_000)
        if chance.random() < 0.2:
            debtor.cuit = with_check_digit(prefix + debtor.dni.zfill(8))
    if chance.random() < 0.4:
        debtor.email = f"{_plain(first)}.{_plain(last)}{chance.randrange(100)}@example.com"
    if chance.random() < 0.1:
        debtor.notes = chance.choice(OCCUPIED)
    return debtor


def _company(chance: Random, taken: set[str]) -> Debtor:
    name = f"{chance.choice(TRADES)} {chance.choice(BRANDS)} {chance.choice(FORMS)}"
    number = _unused(chance, taken, 70_000_000, 71_900_000)
    return Debtor(last_name=name, cuit=with_check_digit(f"30{number}"), email="administracion@example.com")


def _unused(chance: Random, taken: set[str], lowest: int, highest: int) -> str:
    while (number := str(chance.randrange(lowest, highest))) in taken:
        pass
    taken.add(number)
    return number


def with_check_digit(digits: str) -> str:
    return digits + stdnum_cuit.calc_check_digit(digits)


def _plain(text: str) -> str:
    return "".join(char for char in text.lower().translate(str.maketrans("áéíóúüñ", "aeiouun")) if char.isalpha())


def _phones(debtor: Debtor, place: Place, chance: Random) -> list[DebtorPhone]:
    """One to three phones of the 555 exchanges: valid, but not in use."""
    phones: dict[str, DebtorPhone] = {}
    for position in range(chance.choice((1, 1, 2, 2, 2, 3))):
        local = f"5555{chance.randrange(10_000):04d}" if place.area == "11" else f"555{chance.randrange(10_000):04d}"
        written = f"0{place.area}-{local}" if position == 2 else f"+549{place.area}{local}"
        if parsed := parse_phone_number(written):
            kind = DebtorPhone.Kind.LANDLINE if parsed.kind == LANDLINE else DebtorPhone.Kind.MOBILE
            phones[parsed.number] = DebtorPhone(debtor=debtor, number=parsed.number, kind=kind)
    return list(phones.values())
