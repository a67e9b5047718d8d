"""Looking at pictures with the network of a run that has finished: what it answers, where it looks, how it bears shifts."""
