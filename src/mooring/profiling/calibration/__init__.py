"""What normal drift looks like on a history, and the thresholds that follow from it."""
