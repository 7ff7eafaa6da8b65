"""What others are told of the program: a JSON schema of stack files for editors, a page of all settings, and the
interface of the components. `python -m schemas` writes them anew from the code.
"""
