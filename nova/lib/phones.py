def phone_variants(text: str) -> list[str]:
    return [text]
