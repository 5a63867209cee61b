"""What a creditor may get back of each debt: the columns of the return file, in their order (DESIGN §6). Pure."""

COLUMNS = {
    "nro_cliente": "Nro. de cliente",
    "debtor": "Deudor",
    "dni": "DNI",
    "placed_on": "Recibida el",
    "status": "Estado",
    "last_result": "Último resultado",
    "last_result_on": "Fecha del último resultado",
    "balance": "Saldo",
    "paid": "Pagado en el período",
    "last_payment": "Último pago",
}
USUAL = ("nro_cliente", "status", "last_result", "last_result_on", "balance", "paid")


def chosen(columns: list[str]) -> list[str]:
    """The columns of a cartera in their order: those it chose, else the usual ones."""
    return [name for name in COLUMNS if name in (columns or USUAL)]
