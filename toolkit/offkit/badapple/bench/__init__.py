"""How fast this machine converts, beside the design that was no faster with 32 processes, and why."""
