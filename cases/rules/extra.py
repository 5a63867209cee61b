"""How much of a creditor's own columns is kept (DESIGN §5). Pure."""

MOST_FIELDS = 30  # of a cartera, and so of a case
LONGEST_HEADER = 100
LONGEST_LABEL = 60
LONGEST_VALUE = 200
TOO_MANY = f"La cartera guarda hasta {MOST_FIELDS} datos del acreedor"
