"""DOES IT HOLD: faults, and what must catch each.

- ``delivery``   rows that were accepted, and the new ones that come with them
- ``faults``     each fault as a pure function of a delivery, a column and a seed
- ``drills``     each fault by its id, where it can be put, and the rules that must name it
- ``run``        injects, asks the gate, says what was caught
"""
