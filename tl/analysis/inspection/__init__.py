"""Which pictures: what the answers that runs have kept say of single pictures, classes and how sure the networks are."""
