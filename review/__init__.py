"""What a pull request would do, shown to those who review it."""
