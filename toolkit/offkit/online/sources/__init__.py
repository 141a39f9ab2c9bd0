"""Sources: unpacked, asked for their metadata, built into wheels, by the PEP 517 backend that they name."""
