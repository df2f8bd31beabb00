"""HTTP in front of the engine: the public program's `api_v2`, the OpenAI speech endpoint, and what guards both.

Thin: a request becomes an order, an order becomes pieces of speech at the desk, and the pieces leave through the release door.
"""
