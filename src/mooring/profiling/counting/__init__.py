"""One pass over the rows: what is counted of each column, and how it adds up."""
