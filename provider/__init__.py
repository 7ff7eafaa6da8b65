"""The components for programs in other languages of Pulumi (docs/components.md)."""
