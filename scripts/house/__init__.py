"""The demonstration house's workshop: its product feed and its illustrations, made from `feed/source`."""
