"""What every edge that speaks HTTP shares: who calls, what they sent, what is answered, and what it looks
like when refused.

operation.py   one endpoint as a record: method, path, permission, body, answers; routes and OpenAPI both come from it
call.py        a request while it is answered, and an answer
problems.py    refusals as RFC 9457 documents, and the one table of status codes
bodies.py      bodies and queries to records; when that fails, all faults at once (schemas.py, faults.py)
auth.py        who calls, by their key
commands.py    requests to commands, results to answers: repeats, dry runs, versions
paging.py      keyset cursors; rows.py: files of any size, row by row; tables.py: CSV out
routes.py      operations to ASGI; openapi.py: operations to the OpenAPI document
"""
