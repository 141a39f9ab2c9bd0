"""Whether what was written is what it must be."""
