"""Sound as numbers: reading files, resampling, loudness, spectrograms, where speech is, how good it is.

It knows nothing of voices, models or languages; floor 2 of the house, above ``base`` only.
"""
