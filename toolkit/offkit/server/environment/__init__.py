"""An environment as its own Python would see it, read without starting one."""
