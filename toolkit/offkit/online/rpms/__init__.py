"""RPMs for a bundle: where they are had from, and which of them, as dnf's own solver chooses."""
