"""Which pictures: what the arms of a finished comparison get wrong, what transfer fixed and what it broke."""
