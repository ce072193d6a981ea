"""The formats of the transparency log against published vectors."""
