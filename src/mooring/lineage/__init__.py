"""What made what: dataset versions, code, environment, model versions and the catalog's facts."""
