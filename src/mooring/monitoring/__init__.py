"""Has the world moved: windows, scores against the baseline, labels, alerts and their routes."""
