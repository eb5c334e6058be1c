"""May it pass: the gate on the data before training, and the gate on the candidate after it.

A gate has three outcomes: ``pass``, ``fail`` and ``not_enough_evidence``. It fails closed: a gate
that cannot evaluate has not passed (P3).
"""
