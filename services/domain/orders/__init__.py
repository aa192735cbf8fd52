"""What is asked for: orders of examinations, and work items of the reading."""
