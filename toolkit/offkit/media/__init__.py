"""What is on a disc, in a directory or behind a URL: ISO 9660, RPM, repodata, .repo files, keys."""
