"""Wheels on their way: asked for, downloaded, kept."""
