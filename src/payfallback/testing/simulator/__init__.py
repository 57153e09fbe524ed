"""A simulator of shops, providers and shoppers on virtual time, from one seed: the third driver of the core's flows."""
