"""What the data looks like: profiles that merge, drift scores, and what no drift produces.

Import from the module that holds the name; nothing is loaded here.

- ``profile``  ``baseline``, ``profile``, ``merge`` and the values ``Profile``, ``ColumnProfile``
- ``scores``   ``psi``, ``jensenshannon``, ``kolmogorov_smirnov``, ``wasserstein``, ...
- ``levels``   what each score reaches when nothing drifted, and tail probabilities
- ``compare``  ``compare`` and the values ``DriftRules``, ``Comparison``, ``ColumnDrift``
- ``codec``    ``to_bytes``, ``from_bytes``
"""
