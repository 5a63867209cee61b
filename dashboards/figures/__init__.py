"""The agency's figures: SQL in, dataclasses out. No words, no pages."""
