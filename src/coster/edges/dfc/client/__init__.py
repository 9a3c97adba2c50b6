"""The network side of other platforms: their catalogues read, their orders written, never anything of a shopper's in either.

transport.py    one request and its whole answer, to judged addresses only; what went wrong as a value
tokens.py       how we say who we are: a token, or one that an issuer gives for client credentials
speaking.py     requests in the language of the standard: who we are, once more where that was refused, answers read
discovering.py  what a platform says of itself: its profile, its enterprises, what it lets us do
catalogues.py   a catalogue over all its pages, as what can be ordered there
offers.py       a graph to what can be ordered: packs and cases, prices, tax, stock; pure
orders.py       the orders of `domain.federation.ports`, with their outcomes as values
peers.py        all of it together, as the app hands it to those who need it
"""
