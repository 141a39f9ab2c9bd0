"""rpm and yum: what was asked of them, what they did, and how it is taken back."""
