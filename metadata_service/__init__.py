"""The records: who people are, what they have, and who may see it. It asks for every signature, and can make none."""
