"""The parts of a verdict of the model gate; ``gates.model_gate`` puts them together."""
