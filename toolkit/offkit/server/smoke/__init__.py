"""What is installed is tried: every module imported, the user's own checks run."""
