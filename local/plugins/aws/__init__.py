"""Stand-in for the official `aws` plugin: the S3, IAM and KMS types that the program uses, on an emulator only."""
