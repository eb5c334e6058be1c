"""One folder for each outside tool; none imports another, and only the wiring knows them."""
