"""The networks: `nn.Module`s that take tensors and give tensors.

Nothing here reads a file, knows a voice or chooses a device; `build` alone puts
a configuration, weights and a device together.
"""
