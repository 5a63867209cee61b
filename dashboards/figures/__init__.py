"""The agency's figures: reads SQL, returns dataclasses. No user-facing text, no pages."""
