"""Pure decisions about orders: `lines` checks and prices, `placing` begins a checkout, `changing` does what follows."""
