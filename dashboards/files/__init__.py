"""Files with the content of the pages: workbooks, PDF, the report to a creditor."""
