"""The only place with side effects on a target: subprocesses, files, questions to the host."""
