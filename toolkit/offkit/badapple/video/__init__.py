"""A video: its boxes, its key frames, its pictures in order."""
