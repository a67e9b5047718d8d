"""What is said of pictures that are still to be labelled, and how often it was right."""
