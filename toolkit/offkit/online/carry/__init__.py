"""What a bundle carries, and the tar itself."""
