"""What a region takes, and what of it nobody uses. Plain values; nothing here imports pulumi."""
