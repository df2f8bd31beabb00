"""The studio's domain: the library of voices on this machine, and making a new one from a recording."""
