"""From a recording to what a model wants: check it, cut it at pauses, compute features.

Nothing here decides where a voice is kept (``voices`` does) or how it is trained (``train`` does).
"""
