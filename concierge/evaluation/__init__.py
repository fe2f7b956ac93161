"""`concierge evaluate`: a question set through the real service, and what its replies are worth.

At the top of the rooms: it may use the client, the catalog and the stylist, and only `cli.py` uses it.
"""
