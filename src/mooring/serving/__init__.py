"""Who answers: splits, batching, protocols, and the prediction log."""
