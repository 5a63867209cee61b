"""What is done with a file of payments (DESIGN §5.1).

`staging.stage` reads a file into rows with what became of each; `posting.post` posts those that fit, a chunk a
transaction; `deciding.decide` is a person's word about a row; `undoing.undo` takes a file back.
"""
