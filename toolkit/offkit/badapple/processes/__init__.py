"""Workers: how many this server allows, started, heard and ended."""
