"""Plain text tables for people; programs read --json."""


def table(head: tuple[str, ...], rows: list[tuple]) -> str:
    """Columns as wide as their longest entry; numbers to the right, text to the left."""
    texts = [tuple(map(str, row)) for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    right = [bool(rows) and all(isinstance(row[place], int | float) for row in rows) for place in range(len(head))]
    lines = (
        "  ".join(f"{text:>{width}}" if ends else f"{text:<{width}}" for text, width, ends in zip(line, widths, right))
        for line in texts
    )
    return "\n".join(line.rstrip() for line in lines)
