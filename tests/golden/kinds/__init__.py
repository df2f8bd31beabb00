"""Adapters: how to run our code on one kind of fixture. The order is the order of asking."""

NAMES = ("s1", "s2", "audio", "scaled_adam", "sv", "features", "samplers", "slicer", "sola")
