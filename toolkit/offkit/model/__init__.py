"""Pure values: what is deployed, for whom, and what was found. No I/O here."""
