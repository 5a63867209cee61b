"""Files of what the pages show: workbooks, PDF, the report to a creditor."""
