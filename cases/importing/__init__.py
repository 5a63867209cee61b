"""Reading a creditor's portfolio: file → columns → cells → rows, without a database (DESIGN §5).

    table = open_table(path, sheet=None, limits=Limits())       # reader.py; ImportFailed
    mapping = map_columns(table.headers, overrides=None)         # columns.py; ImportFailed
    for outcome in parse_rows(table, mapping, date_order="dmy", today=today):   # rows.py
        ...                                                      # ParsedRow | Rejected | Ignored

`reader.open_table(path, *, sheet=None, limits=Limits()) -> Table`
    `Table.kind .encoding .delimiter .sheet .sha256 .size .header_row .headers`; iterating it gives
    `(row number in the file, cells)` and may be done again (the file is read again).
`columns.map_columns(headers, overrides=None) -> Mapping`
    `Mapping.fields` {canonical field: column index}, `.headers`, `.ignored` (columns not imported, with the reason),
    `.header_of(field)`. `columns.FIELDS` and `columns.LABELS` name the canonical fields.
`rows.parse_rows(rows, mapping, *, date_order="dmy", today) -> Iterator[ParsedRow | Rejected | Ignored]`
    Every outcome has `.row` and `.problems` (tuple of `Problem(row, column, value, severity, reason, code)`, the
    report's lines). `Rejected.code` is nro_cliente, name, total or duplicate. `Ignored` is a last row of totals.
`errors.ImportFailed`
    Nothing was done; `str()` is one line in Spanish; exit code 2.
"""
