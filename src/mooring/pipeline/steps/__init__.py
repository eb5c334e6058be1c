"""The steps of a run, one file each: from a candidate to what it came to."""
