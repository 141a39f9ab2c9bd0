"""What has arrived: bundle.tar, verified, opened, and taken apart where it is damaged."""
