"""Written text -> spoken text, one file per language: ``normalise(text, compat) -> TracedText``.

Normalisers write numbers, dates, money and signs out in words and keep, through
:class:`voxcommons.text.traced.TracedText`, the memory of which original characters a word came from.
"""
