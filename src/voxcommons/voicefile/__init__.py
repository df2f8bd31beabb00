"""What a voice is on disk: its manifest, its tensors, its archive, and every fault they can have.

A voice file is data. Nothing in this room unpickles, evaluates or imports what a file names, nothing needs torch, and
sizes and hashes are checked before contents are used.
"""
