"""How fast this machine converts: linear, by threads and by processes, beside the origin's published times,
and what a model says of both."""
