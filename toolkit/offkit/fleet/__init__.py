"""Many servers at once: what each of them has reported, read together."""
