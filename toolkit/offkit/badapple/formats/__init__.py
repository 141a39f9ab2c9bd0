"""What a conversion can look like: pictures to cells, cells to bytes, and bytes back to cells."""
