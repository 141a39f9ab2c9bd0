"""What ld.so would find on this server, worked out without running it."""
