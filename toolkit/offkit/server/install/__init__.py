"""From verified members to a generation: plan first, then apply."""
