"""Text becomes phonemes here: normalise, segment, grapheme to phoneme, symbol tables.

This room knows written language and nothing of sound: no torch, no audio, no voices. The one door
is :func:`voxcommons.text.reader.read`; everything else serves it.
"""
