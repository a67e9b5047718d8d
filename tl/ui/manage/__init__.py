"""What is kept: deleting it."""
