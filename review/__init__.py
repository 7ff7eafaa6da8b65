"""What a pull request shows: the objects it would change, the preview in a comment, and what needs an approval."""
