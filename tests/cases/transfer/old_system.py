"""An old installation's export, of any size, as its program wrote it; and what was in it, to compare with."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

STATUSES = ["Sin Arreglo", "En gestión", "Incobrable", "Contactado", "Con Arreglo", "A Juicio", "De baja", "Pagada"]
PAID = STATUSES.index("Pagada") + 1
EPOCH = datetime(2025, 1, 2, 3, 4, 5)  # noqa: DTZ001 (in UTC, without saying so)


def case(pk: int, **changes: Any) -> dict[str, Any]:
    row = {
        "id": pk, "nro_cliente": f"{pk:07d}", "name": "ANA MARÍA", "lastname": "GÓMEZ", "dni": str(20_000_000 + pk),
        "total": 10_000.5, "monto_inicial": 8_000.0, "fecha_ultimo_pago": "2024-12-29", "telefono": "1165420585",
        "calle_nombre": "MITRE", "calle_nro": "604", "localidad": "LANÚS", "cp": "1824", "provincia": "BUENOS AIRES",
        "status_id": 2, "cartera_id": 3, "assigned_to_id": 2, "notes": None,
        "created_at": "2025-09-12T09:41:00", "updated_at": "2025-11-23T00:34:00",
    }  # fmt: skip
    return row | changes


def activity(case_id: int | str | None, **changes: Any) -> dict[str, Any]:
    row = {"case_id": case_id, "type": "call", "notes": "No contesta", "created_by_id": 2}
    return row | {"created_at": "2025-10-03T07:25:00"} | changes


def promise(case_id: int | str | None, **changes: Any) -> dict[str, Any]:
    row = {"case_id": case_id, "amount": 5000.25, "promise_date": "2025-07-05", "status": "broken", "notes": None}
    times = {"fulfilled_date": None, "created_at": "2025-05-16T22:54:00", "updated_at": "2025-11-19T23:11:00"}
    return row | times | changes


def export(**sections: list[dict[str, Any]]) -> dict[str, Any]:
    made = "2025-03-05T20:17:00"
    return {
        "exported_at": "2026-01-13T03:00:00+00:00",
        "carteras": [{"id": 3, "nombre": "Cristal Cash", "activo": True, "created_at": made},
                     {"id": 4, "nombre": "Favacard", "activo": False, "created_at": made}],
        "case_statuses": [{"id": n, "nombre": name, "activo": True, "created_at": made}
                          for n, name in enumerate(STATUSES, 1)],
        "cases": [],
        "users": [{"username": "gestor", "role": "gestor", "active": True, "created_at": made}],
        "activities": [],
        "promises": [],
    } | sections  # fmt: skip


def large(cases: int, *, seed: int = 1) -> dict[str, Any]:
    """A year of an agency: one DNI in ten comes twice, one key in forty is missing, some rows are orphans."""
    chance = Random(seed)
    rows, activities, promises = [], [], []
    for n in range(cases):
        pk = 10 + 3 * n
        made = EPOCH + timedelta(minutes=chance.randrange(300_000))
        rows.append(case(
            pk,
            nro_cliente=None if chance.random() < 0.025 else f"{pk:07d}",
            name=chance.choice(["ANA", "JOSÉ LUIS", "Ñata"]), lastname=chance.choice(["GÓMEZ", "D'ANGELO", "PEÑA"]),
            dni=None if chance.random() < 0.04 else str(20_000_000 + chance.randrange(9 * cases // 10 + 1)),
            total=chance.randrange(1, 900_000_000) / 100,
            monto_inicial=None if chance.random() < 0.2 else chance.randrange(1, 900_000_000) / 100,
            telefono=f"11{chance.randrange(40_000_000, 70_000_000)}",
            status_id=chance.randrange(1, len(STATUSES) + 1), cartera_id=chance.choice([3, 4]),
            assigned_to_id=chance.choice([2, 4, 77, None]),
            created_at=made.isoformat(), updated_at=(made + timedelta(days=chance.randrange(40))).isoformat(),
        ))  # fmt: skip
        for _ in range(chance.randrange(5)):
            moment = made + timedelta(minutes=chance.randrange(100_000))
            kinds = ["call", "email", "visit", "note", "payment", "promise"]
            author = chance.choice([1, 2, 4, None])
            activities.append(
                activity(pk, type=chance.choice(kinds), created_by_id=author, created_at=moment.isoformat())
            )
        if chance.random() < 0.5:
            status = chance.choice(["fulfilled", "broken", "pending", "cancelled"])
            day = (made + timedelta(days=chance.randrange(60))).date().isoformat()
            promises.append(promise(
                pk, amount=chance.randrange(1, 900_000) / 100, promise_date=day, status=status,
                fulfilled_date=day if status == "fulfilled" else None, created_at=made.isoformat(),
            ))  # fmt: skip
    activities += [activity(999_999), activity(999_998)]
    promises.append(promise(999_999))
    return export(cases=rows, activities=activities, promises=promises)


def write(document: dict[str, Any], folder: Path, name: str = "export_for_prod.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path
