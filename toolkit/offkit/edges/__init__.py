"""What others change and ask the system by: programs, files, locks, mounts, signals, facts of the host.

Who changes files, with these or without, is in tests/house/test_architecture.py.
"""
