"""What each score does when nothing drifted, at these sizes."""
