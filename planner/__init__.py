"""What a fleet of edges needs, worked out from what the stack file says of it. Pure: numbers in, numbers out."""
