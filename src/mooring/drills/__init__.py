"""DOES IT HOLD: faults, and what must catch each.

- ``delivery``   rows that were accepted, and the new ones that come with them
- ``faults``     each fault as a pure function of a delivery, a column and a seed
- ``drills``     each fault by its id, where it can be put, and the rules that must name it
- ``served``     the new rows as they would have been served: late, or as they are
- ``judges``     who must find it: the data gate, or the comparison with offline rows
- ``run``        injects, asks the judge, says what was caught
"""
