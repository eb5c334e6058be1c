"""Starting a project: what a table shows about itself, and the two files that say it."""
