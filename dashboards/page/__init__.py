"""The content of the admin's dashboard page: figures as text, each with a link to the rows it counts."""
