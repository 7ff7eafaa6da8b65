"""Which components make a region, and which make the global stack."""
