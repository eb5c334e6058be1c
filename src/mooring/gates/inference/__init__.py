"""How sure is a difference on the same rows? One file a test; ``gates.paired`` chooses."""
