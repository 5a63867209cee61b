"""What became of each row of a file, as the CSV that a person opens in a spreadsheet."""

import csv
from typing import Any

from nova.lib.spreadsheets import inert
from payments.models import PaymentFile

HEADER = ("fila", "estado", "por qué", "fecha", "importe", "caso", "como vino")


def write_report(file: PaymentFile, stream: Any) -> None:
    """Write a line for each row of the file; one query, read in parts."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    rows = file.rows.select_related("case").order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        cells = (
            *(row.line, row.get_state_display(), row.why, row.value_date or "", row.amount or ""),
            *(row.case.nro_cliente if row.case else "", row.raw),
        )
        writer.writerow([inert(str(cell or "")) for cell in cells])
