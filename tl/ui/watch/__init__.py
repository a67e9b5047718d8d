"""While a comparison trains and after: pieces of an experiment's page."""
