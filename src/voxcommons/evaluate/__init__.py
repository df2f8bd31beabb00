"""Measuring speech: how well it is understood, whose voice it is, how clean it sounds and what it costs.

Every meter works offline. They live apart from what they measure, so that nothing in synthesis can lean on them;
this room knows no voice folder and no file name of a voice: whoever wants a voice measured hands over its sound.
"""
