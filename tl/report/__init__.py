"""A finished experiment for others: one HTML file, a bundle that another home imports, the command that repeats it."""
