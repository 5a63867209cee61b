"""The admin's dashboard as its page shows it: figures in words, each with a link to the rows it counts."""
