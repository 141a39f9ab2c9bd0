"""What the built-in clip shows, and how it is drawn and kept."""
