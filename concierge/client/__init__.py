"""The command line's end of the wire: a conversation in the terminal, and simulated shoppers.

Knows the protocols and nothing of the server's rooms.
"""
