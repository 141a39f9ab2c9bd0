"""The doctor: what is wrong with an environment, said without running anything in it."""
