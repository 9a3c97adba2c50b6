"""The connector of the Data Food Consortium, as npm has it."""
