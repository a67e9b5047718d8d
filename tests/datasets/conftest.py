"""A home of its own for every test; no deadlines, for machines that are busy."""

import hypothesis

hypothesis.settings.register_profile("datasets", deadline=None, max_examples=25, database=None)
hypothesis.settings.load_profile("datasets")
