"""Stand-in for the official `random` plugin: RandomPassword, RandomString, RandomId and RandomBytes."""
