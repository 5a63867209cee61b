"""The layouts that come with the program, as the JSON of `Layout.from_json` (DESIGN §5.1).

Their columns are those of public parsers in use: none was checked against an official page, nor with a real file.
"""

from typing import Any

from cases.importing.columns import ALIASES
from payments.reading.layout import Layout

_NRO_CLIENTE = [*ALIASES["nro_cliente"], "nrosocio", "numerodesocio", "socio", "legajo"]
_DOCUMENT = [*ALIASES["dni"], "dnideudor", "cuitdeudor", "cuildeudor", "documentodeudor", "dnititular", "cuittitular"]
_PAYER = [
    *("cuitpagador", "dnipagador", "documentopagador", "cuitordenante", "cuitoriginante", "cuitdelordenante"),
    *("cuitdeloriginante", "cuitcuilordenante", "cuitcuiloriginante", "cuitdelpagador"),
]
_PAID_ON = [
    *("fechapago", "fechadepago", "fecpago", "fechadelpago", "fechadecobro", "fechacobro", "fechacobranza", "fpago"),
    *("fecha", "fechamovimiento", "fechademovimiento", "fechaoperacion", "fechadeoperacion", "fec", "fechavalor"),
]
_CREDITED_ON = ["fechaacreditacion", "fechadeacreditacion", "fecacreditacion", "acreditacion", "fechavalor"]
_AMOUNT = [
    *("importepago", "importepagado", "montopagado", "importecobrado", "montocobrado", "importepesos", "importe"),
    *("monto", "importears", "montoars", "importeenpesos", "montoenpesos", "pagado"),
]
_CREDIT = ["credito", "creditos", "creditopesos", "creditosenpesos", "haber", "importecredito", "importehaber", "abono"]
_DEBIT = ["debito", "debitos", "debitopesos", "debitosenpesos", "debe", "importedebito", "importedebe", "cargo"]
_BALANCE = ["saldo", "saldopesos", "saldoenpesos", "saldocuenta", "saldoparcial", "saldodisponible", "saldoencuenta"]
_OWN_ID = [
    *("comprobante", "nrocomprobante", "nrodecomprobante", "numerodecomprobante", "numerocomprobante", "nrooperacion"),
    *("nrodeoperacion", "numerodeoperacion", "idoperacion", "idpago", "iddepago", "idtransaccion", "nrotransaccion"),
    *("nrorecibo", "nroderecibo", "recibo", "operacion", "transaccion", "coelsaid", "idcoelsa"),
]
_KEY = [
    *(
        "codigodebarras",
        "codigobarras",
        "codbarras",
        "codigodepago",
        "codigopago",
        "clavedepago",
        "codigopagoelectronico",
    ),
    *("codigodepagoelectronico", "referenciaexterna", "referencia", "nroreferencia", "nrodereferencia", "cupon"),
]
_CHANNEL = ["medio", "mediodepago", "mediopago", "formadepago", "formapago", "canal", "canaldepago", "canaldecobro"]
_TEXT = [
    *("concepto", "descripcion", "detalle", "movimiento", "descripcionmovimiento", "leyenda", "observaciones"),
    *("observacion", "detalledemovimiento", "conceptodetalle", "infocomplementaria", "informacioncomplementaria"),
]
_SIDE = ["dc", "debitocredito", "signo", "tipodemovimiento", "tipomovimiento", "tipomov"]

_CURRENCY = ["moneda", "divisa", "currency"]

_IN_PESOS: dict[str, Any] = {
    "field": "currency",
    "not_in": ["", "$", "ARS", "AR$", "ARP", "PES", "peso", "pesos", "pesos argentinos", "peso argentino", "0", "032"],
    "kind": "rejected",
    "why": "No está en pesos (moneda «{value}»): cárguelo a mano en pesos.",
}
_NO_TOTALS: dict[str, Any] = {
    "field": "first_cell",
    "begins": ["total", "totales", "subtotal", "saldo", "saldos"],
    "kind": "ignored",
    "why": "Es un total o un saldo, no un pago.",
}
_NO_BALANCES: dict[str, Any] = {
    "field": "text",
    "begins": ["saldo al", "saldo inicial", "saldo final", "saldo anterior", "saldo del", "saldo ultimo"],
    "kind": "ignored",
    "why": "Es un saldo, no un pago.",
}
# At the beginning alone: further on stands the name of whoever pays.
_NO_TAXES: dict[str, Any] = {
    "field": "text",
    "begins": [
        *("impuesto", "impuestos", "imp", "impto", "iva", "i.v.a", "ley 25413", "ley 25.413", "ley nro 25.413"),
        *("percepcion", "perc", "retencion", "ret", "sircreb", "reg.recaud", "regimen de recaudacion", "iibb"),
        *("ing. brutos", "ingresos brutos", "recaudacion sircreb", "sellado", "sellos", "gravamen", "devolucion iva"),
        *("devolucion impuesto", "dev. impuesto", "dev.imp", "devolucion percepcion", "devolucion ley", "credito ley"),
        *("comision", "comisiones", "com", "interes", "intereses", "mantenimiento", "bonificacion comision"),
        "devolucion comision",
    ],
    "kind": "ignored",
    "why": "Es un impuesto, una comisión o un interés del banco: «{value}».",
}
_NO_DEBITS: dict[str, Any] = {
    "field": "movement",
    "in": ["d", "db", "deb", "debito", "debitos", "debe", "-"],
    "kind": "ignored",
    "why": "Es un débito, no un pago.",
}

GENERIC: dict[str, Any] = {
    "code": "generic",
    "label": "Planilla con encabezados",
    "short_code": "gen",
    "kind": "csv",
    "method": "creditor",
    "fields": {
        "value_date": _PAID_ON,
        "credited_on": _CREDITED_ON,
        "amount": [*_AMOUNT, "total"],
        "credit": _CREDIT,
        "debit": _DEBIT,
        "nro_cliente": [*_NRO_CLIENTE, "referencia", "nroreferencia", "nrodereferencia"],
        "key": _KEY,
        "debtor": _DOCUMENT,
        "payer": _PAYER,
        "payer_name": [
            *("pagador", "nombrepagador", "ordenante", "originante", "nombre", "apellidoynombre", "nombreyapellido"),
            *("titular", "razonsocial", "nombrecompleto", "apellido"),
        ],
        "own_id": _OWN_ID,
        "channel": _CHANNEL,
        "text": _TEXT,
        "movement": _SIDE,
        "currency": _CURRENCY,
    },
    "needs": [["nro_cliente", "key", "debtor"]],
    "rules": [_NO_TOTALS, _NO_DEBITS, _IN_PESOS],
}

PAGO_MIS_CUENTAS: dict[str, Any] = {
    "code": "pago_mis_cuentas",
    "label": "Pago Mis Cuentas",
    "short_code": "pmc",
    "kind": "fixed",
    "method": "transfer",
    "counts_from": 1,
    "length": 100,
    "records": [
        {"role": "header", "starts": "0400", "fields": {"account": [5, 4, "text"], "file_date": [9, 8, "date"]}},
        {
            "role": "row",
            "starts": "5",
            "fields": {
                "nro_cliente": [2, 19, "text"],
                "key": [2, 19, "text"],
                "bill": [21, 20, "text"],
                "due": [41, 8, "date"],
                "currency": [49, 1, "text"],
                "value_date": [50, 8, "date"],
                "amount": [58, 11, "amount", 2],
                "movement": [69, 1, "text"],
                "credited_on": [70, 8, "date"],
                "channel": [78, 2, "text"],
                "control": [80, 4, "text"],
            },
        },
        {"role": "trailer", "starts": "9400", "fields": {"count": [17, 7, "number"], "total": [31, 11, "amount", 2]}},
    ],
    "rules": [
        _IN_PESOS,
    ],
}

RAPIPAGO: dict[str, Any] = {
    "code": "rapipago",
    "label": "Rapipago",
    "short_code": "rp",
    "kind": "fixed",
    "method": "cash",
    "records": [
        {"role": "header", "starts": "0", "fields": {"file_date": [28, 8, "date"]}},
        {
            "role": "row",
            "fields": {"value_date": [0, 8, "date"], "amount": [8, 15, "amount", 2], "key": [23, None, "text"]},
        },
        {"role": "trailer", "starts": "9", "fields": {"count": [8, 8, "number"], "total": [16, 18, "amount", 2]}},
    ],
}

PAGO_FACIL: dict[str, Any] = {
    "code": "pago_facil",
    "label": "Pago Fácil",
    "short_code": "pf",
    "kind": "fixed",
    "method": "cash",
    "length": 128,
    "records": [
        {"role": "header", "starts": "1"},
        {"role": "lot", "starts": "3"},
        {
            "role": "row",
            "starts": "5",
            "fields": {
                "nro_cliente": [24, 21, "text"],
                "currency": [45, 3, "text"],
                "amount": [48, 10, "amount", 2],
                "value_date": [64, 8, "date"],
                "time": [72, 4, "text"],
            },
        },
        {"role": "more", "starts": "6", "fields": {"key": [1, 80, "text"]}},
        {"role": "more", "starts": "7"},
        {"role": "lot_trailer", "starts": "8", "fields": {"count": [15, 7, "number"], "total": [22, 12, "amount", 2]}},
        {"role": "trailer", "starts": "9"},
    ],
    "rules": [
        _IN_PESOS,
    ],
}

_SIRO_NOT_PAID = "No es un pago: el cobro fue rechazado («{value}»)."
SIRO: dict[str, Any] = {
    "code": "siro",
    "label": "SIRO (Banco Roela)",
    "short_code": "siro",
    "kind": "fixed",
    "method": "deposit",
    "least_length": 124,  # up to the channel: the code of a reject is blank in most lines
    "records": [
        {
            "role": "row",
            "fields": {
                "value_date": [0, 8, "date"],
                "credited_on": [8, 8, "date"],
                "amount": [24, 11, "amount", 2],
                "nro_cliente": [35, 8, "text"],
                "key": [103, 20, "text"],
                "own_id": [103, 20, "text"],
                "channel": [123, 3, "text"],
                "reject": [126, 3, "text"],
            },
        }
    ],
    # Its codes stand for the channel in some files and for the reason in others.
    "rules": [
        {"field": "reject", "in": ["DD-"], "kind": "reversal"},
        {"field": "channel", "in": ["DD-"], "kind": "reversal"},
        {"field": "channel", "in": ["MCR", "VSR", "DDR", "BPR"], "kind": "ignored", "why": _SIRO_NOT_PAID},
        {"field": "reject", "not_in": ["", "0", "00", "000"], "kind": "ignored", "why": _SIRO_NOT_PAID},
    ],
}

MERCADO_PAGO: dict[str, Any] = {
    "code": "mercado_pago",
    "label": "Mercado Pago",
    "short_code": "mp",
    "kind": "csv",
    "method": "other",
    "fields": {
        "value_date": ["TRANSACTION_APPROVAL_DATE", "TRANSACTION_DATE", "DATE", "SETTLEMENT_DATE"],
        "credited_on": ["MONEY_RELEASE_DATE", "SETTLEMENT_DATE", "DATE"],
        # What the debtor paid: the fee and the taxes are not theirs.
        "amount": ["GROSS_AMOUNT", "TRANSACTION_AMOUNT"],
        "own_id": ["SOURCE_ID"],
        "key": ["EXTERNAL_REFERENCE"],
        "nro_cliente": ["EXTERNAL_REFERENCE"],
        "payer": ["PAYER_ID_NUMBER", "PAYER_IDENTIFICATION_NUMBER"],
        "payer_name": ["PAYER_NAME"],
        "channel": ["PAYMENT_METHOD", "PAYMENT_METHOD_TYPE"],
        "currency": ["TRANSACTION_CURRENCY", "CURRENCY"],
        "record": ["RECORD_TYPE"],
        "type": ["TRANSACTION_TYPE", "DESCRIPTION"],
    },
    "needs": [["own_id"], ["type"]],
    "rules": [
        {"field": "record", "not_in": ["", "release"], "kind": "ignored", "why": "No es un cobro, es «{value}»."},
        _IN_PESOS,
        {"field": "type", "in": ["refund", "chargeback"], "kind": "reversal"},
        {
            "field": "type",
            "not_in": ["payment", "settlement"],
            "kind": "ignored",
            "why": "No es un cobro, es «{value}».",
        },
    ],
}

GALICIA: dict[str, Any] = {
    "code": "galicia",
    "label": "Banco Galicia (extracto)",
    "short_code": "gal",
    "kind": "xlsx",
    "method": "transfer",
    "negatives": "ignored",
    "fields": {
        "value_date": ["Fecha"],
        "text": ["Descripción", "Concepto", "Tipo de Movimiento", "Grupo de Conceptos"],
        "debit": ["Débitos", "Débito"],
        "credit": ["Créditos", "Crédito"],
        "own_id": ["Número de Comprobante", "Nro. de Comprobante", "Comprobante"],
        "legends": [f"Leyendas Adicionales {number}" for number in "1234"],
        "balance": ["Saldo"],
    },
    "needs": [["legends"]],
    "rules": [_NO_TOTALS, _NO_BALANCES, _NO_TAXES],
}

EXTRACT: dict[str, Any] = {
    "code": "extract",
    "label": "Extracto de banco",
    "short_code": "ext",
    "kind": "xlsx",
    "method": "transfer",
    "negatives": "ignored",
    "fields": {
        "value_date": ["fecha", "fechamovimiento", "fechademovimiento", "fechaoperacion", "fechadeoperacion", "fec"],
        "credited_on": ["fechavalor", "fechaacreditacion", "fechadeacreditacion"],
        "text": _TEXT,
        "amount": _AMOUNT,
        "credit": _CREDIT,
        "debit": _DEBIT,
        "balance": _BALANCE,
        "own_id": [*_OWN_ID, "referencia", "nroreferencia", "nrodereferencia"],
        "payer": [*_PAYER, "cuit", "cuil", "cuitcuil"],
        "payer_name": ["ordenante", "originante", "nombreordenante", "nombreoriginante", "titular", "razonsocial"],
        "channel": _CHANNEL,
        "movement": _SIDE,
        "currency": _CURRENCY,
    },
    "needs": [["text"]],
    "rules": [_NO_TOTALS, _NO_BALANCES, _NO_TAXES, _NO_DEBITS, _IN_PESOS],
}

SEEDS = (GENERIC, PAGO_MIS_CUENTAS, RAPIPAGO, PAGO_FACIL, SIRO, MERCADO_PAGO, GALICIA, EXTRACT)


def seeded_layouts() -> dict[str, Layout]:
    """Code → layout."""
    return {spec["code"]: Layout.from_json(spec) for spec in SEEDS}
