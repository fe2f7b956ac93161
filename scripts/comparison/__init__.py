"""Concierge beside its peers: the same load on each, in one run, on one machine; see `scripts/compare -h`."""
