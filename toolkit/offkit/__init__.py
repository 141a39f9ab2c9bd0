"""offkit: Python software for servers without a network."""

__version__ = "0.1.0"
