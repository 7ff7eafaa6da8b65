"""What may go wrong, told to a person without a stack trace."""


class OperationError(Exception):
    """The operation cannot go on; the message says why, and what to do."""


class UnreachableError(OperationError):
    """The API server, or a pod through it, does not answer. That may pass."""
