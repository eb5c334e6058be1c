"""The terms of a contract: what a table must meet, written down in ``contract.toml`` and reviewed.

``gates.contract`` says what a table held; the terms say what the next one must hold.

- ``model``       the shape of the file
- ``reading``     from text to terms, strictly
- ``writing``     from terms to text, in a stable order
- ``inferring``   from accepted rows to terms
- ``relation``    the small language of relations between columns
- ``rules``       each term as a rule that names the rows which break it
- ``checks``      rules that are the user's own code
- ``judging``     rules over rows: what is found, and which rows are taken out
- ``differing``   two sets of terms, the difference in words
"""
