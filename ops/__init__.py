"""Commands for operators: what takes several steps in the right order."""
