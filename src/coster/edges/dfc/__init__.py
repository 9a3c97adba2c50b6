"""Where platforms that speak the standard of the Data Food Consortium (DFC) meet us.

language/   the words: documents to records and back, without network, database or clock
"""
