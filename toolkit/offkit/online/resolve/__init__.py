"""From a request to a lock, as the target would resolve it."""
