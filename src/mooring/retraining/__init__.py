"""What to do about it: triggers, the policy, and the loop that applies them."""
