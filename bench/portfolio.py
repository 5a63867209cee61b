"""A generated portfolio file: as messy as a creditor's, of any size, the same for the same seed."""

import csv
import random
from pathlib import Path

HEADERS = (
    *("Nro. Cliente", "Nombre", "Apellido", "D.N.I.", "Deuda Total", "Capital", "Fecha Últ. Pago", "Teléfono"),
    *("Calle", "Nro", "Localidad", "C.P.", "Provincia", "Observaciones"),
)
FIRST = ("FACUNDO", "ANA LUCÍA", "GRACIELA", "IÑAKI", "CRISTIAN DAVID", "MARÍA JOSÉ", "GERMÁN", "SILVINA", "TOMÁS")
LAST = ("ROLDÁN", "TOLEDO", "ALTAMIRANO", "NÚÑEZ", "MOYANO", "ÑÁÑEZ", "CABRAL", "PEREYRA", "CORREA PAZ", "D'AMICO")
STREETS = ("MITRE", "CALLE 64", "ZELARRAYÁN", "9 DE JULIO", "CHICLANA", "SAN MARTÍN", "25 DE MAYO", "AV. COLÓN")
CITIES = (
    ("CÓRDOBA", "5000", "CÓRDOBA", "351"),
    ("VIEDMA", "8500", "RÍO NEGRO", "2920"),
    ("BAHÍA BLANCA", "8000", "BUENOS AIRES", "291"),
    ("NECOCHEA", "7630", "BUENOS AIRES", "2262"),
    ("CIUDAD DE BUENOS AIRES", "1406", "CABA", "11"),
)


def write_portfolio(path: Path, rows: int, *, seed: int = 7) -> None:
    """`rows` rows, a fifth of them further debts of somebody above, in the mix of formats that creditors send."""
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(HEADERS)
        person = None
        for number in range(rows):
            if person is None or rng.random() > 0.2:
                person = (rng.choice(FIRST), rng.choice(LAST), 10_000_000 + number * 180 + rng.randrange(180))
            writer.writerow(_row(rng, 500_000 + number, *person))


def _row(rng: random.Random, key: int, first: str, last: str, dni: int) -> tuple[object, ...]:
    city, code, provincia, area = rng.choice(CITIES)
    cents = rng.randrange(5_000_000, 900_000_000)
    whole, rest = divmod(cents, 100)
    grouped = f"{whole:,}".replace(",", ".")
    total = rng.choice(
        (f"$ {grouped},{rest:02d}", f"{whole}.{rest:02d}", f"{whole:,}.{rest:02d}", f"AR$ {grouped}", whole)
    )
    dotted = f"{dni:,}".replace(",", ".")
    paid = f"{rng.randrange(1, 29):02d}/{rng.randrange(1, 13):02d}/{rng.randrange(2022, 2026)}"
    local = rng.randrange(10 ** (9 - len(area)), 10 ** (10 - len(area)))
    phone = rng.choice((f"{area}{local}", f"({area}) {local}", f"0{area} 15-{local}", f"+54 9 {area} {local}"))
    note = "dice que no es suya; revisar" if rng.random() < 0.1 else ""
    return (
        *(key, first, last, rng.choice((dni, dotted, f"DNI {dni}")), total, f"{cents / 150:.2f}"),
        *(paid if rng.random() < 0.7 else "", phone, rng.choice(STREETS), rng.randrange(1, 4000)),
        *(city, code, provincia, note),
    )
