"""The rules of the data gate: each a pure function from what is judged to what is wrong with it.

- ``finding``       the value ``Finding`` and how numbers are written in it
- ``case``          what is judged, and against what
- ``basics``        rules for any data, the very first included
- ``target``        rules for the column to predict
- ``schema``        columns and types against what was accepted
- ``values``        missing values, ranges, categories, floods and scales against what was accepted
- ``shape``         distributions against what was accepted
- ``units``         changes of unit that are no power of ten
- ``partitions``    some of the rows in a few numbers
- ``past``          what is remembered of accepted rows: days, hours, slices, fingerprints
- ``periods``       new days and slices against it: sampling, poisoned partitions
- ``hours``         the clock against it: shifts, lost zones
- ``repeats``       copies, replays, values that stand still, feeds that stopped
- ``faults``        the last four together
"""
