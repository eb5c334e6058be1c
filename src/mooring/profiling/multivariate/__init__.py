"""Drift of columns together: what no single column shows, such as a correlation that turned.

Import from the module that holds the name; nothing is loaded here.

- ``domain_classifier``  can a classifier tell the two sides apart?
- ``reconstruction``     do the reference's main directions still describe the rows?
- ``timely``             the columns that only move with time, to be left out
- ``score``              ``MultivariateScore``, what both return
- ``nannyml``            NannyML's reconstruction error, to the digit
"""
