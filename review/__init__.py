"""What a reviewer needs: stacks as files, and what a change does to them."""
