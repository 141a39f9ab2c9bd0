"""A conversion as a film in the terminal."""
