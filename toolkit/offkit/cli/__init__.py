"""The commands: parse, one call, render, exit code."""
