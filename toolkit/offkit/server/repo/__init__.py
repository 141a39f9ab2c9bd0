"""Local media as yum repositories: what is on them, the .repo file, adding, removing, status."""
