"""Training-serving skew: logged requests against the offline rows that should have been served.

- ``offline``    the offline table, and the point-in-time join of requests with it
- ``comparing``  values of one column side by side: how many are unequal, by how much
- ``causes``     what explains them: stale by so many hours, missing, a default value
- ``columns``    all columns of joined rows, each with its status
- ``replay``     the logged requests of a window through the offline code
"""
