"""The interpreter that an environment is made with: found, examined, adopted."""
