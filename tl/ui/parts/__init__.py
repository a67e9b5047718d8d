"""What several rooms of the page share."""
