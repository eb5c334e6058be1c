"""How a candidate is made: steps, the plan, the runner."""
