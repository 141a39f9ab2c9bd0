"""What is tried before a bundle leaves."""
