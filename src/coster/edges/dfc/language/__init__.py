"""The language of the Data Food Consortium: liberal in reading, one dialect in writing; no network, no database, no clock.

reading.py        a document to records, with all its faults at once: `read(body)`
writing.py        records to a document, complete and always the same bytes: `write(graph)`
records.py        what is spoken of: enterprises, products, offers, sessions, orders; `Graph` holds the records of a document
demands.py        what a record must say to be of use, as faults in the same words
following.py      the ways through a graph: the lines of an order, what a line may mean, cases and their retail packs
faults.py         what is wrong with a document: node, property, what was found, what is accepted
vocabulary.py     the one table of terms: classes, properties, other spellings, inverse links, and where each comes from
relations.py      every property of the standard that points at something, with its inverse
concepts.py       units, currencies, statuses, kinds of transformation, scopes; countries.py, product_types.py
contexts.py       the contexts that we answer for ourselves; thesaurus.py: the concepts as documents, for who wants to load them
namespaces.py     four generations of namespaces to one; identifiers.py: which ids are places yet to be filled
parsing.py        bytes to plain JSON within limits; expanding.py: to statements about nodes, by pyld (plain.py: the
                  same for plain documents, sooner); sorting.py: to nodes of known classes; values.py: to values of fields
dates.py          all the ways in which peers write an instant; numbers.py: decimals, exact or not at all

Reading goes: bytes → JSON (parsing) → expanded JSON-LD → statements (expanding) → nodes of known classes with known properties
(sorting) → records (reading). A number of the document stays the text that stood there until it becomes a Decimal.
"""
