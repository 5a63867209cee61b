"""What the papers say, and their PDF. Pure: facts and texts come in, a `Paper` and its bytes go out (DESIGN §3.9)."""
