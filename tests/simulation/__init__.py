"""Seeded simulations of commands against the real code, with every invariant checked after each of them."""
