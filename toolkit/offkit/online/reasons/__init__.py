"""Why something cannot be had, what would help, and what is worth knowing."""
