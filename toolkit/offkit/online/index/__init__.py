"""What indexes say, through pip."""
