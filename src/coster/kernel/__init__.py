"""Words that everyone uses: outcomes, identifiers, instants, quantities, money. Standard library only."""
