"""Before the gap: resolve, fetch, forecast and pack for a server that is not here."""
