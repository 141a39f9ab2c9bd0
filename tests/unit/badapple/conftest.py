"""The tests of the workload have the formats that a user has."""

import offkit.theatre  # noqa: F401
