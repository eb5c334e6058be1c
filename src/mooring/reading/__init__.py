"""Which rows are there: tables read from files, and their memory without a copy."""
