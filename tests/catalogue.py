"""The catalogues of sentences: what is said in the code, what `tl/locale/` has of it, and what nobody marked.

python -m tests.catalogue                 rewrite the .po files from the code, and the .mo files from them
python -m tests.catalogue unmarked PATH   sentences in a file or folder that `say` does not see, by line
"""

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages import Catalog, mofile, pofile

from tl.languages import ENGLISH, LANGUAGES, LOCALE, TWO_SENTENCES

ROOT = Path(__file__).parents[1]
MARKS = {"say": 1, "refusal": 1, "later": 1, "plural": 2, "later_plural": 2}  # function -> forms it takes
NOT_SHOWN = "# not shown"  # at the end of a line whose words nobody reads: SQL, a pattern, a file's content
WORDS = re.compile(r"[A-Za-z][a-z’']+[,;:.]? +\(?[A-Za-z]?[a-z’']+")  # two words, one after the other
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
# What makes timm's table, and tells of it in English whoever makes it.
APART = {ROOT / "tl" / "train" / f"timm_{name}.py" for name in ("stages", "table", "words")}
SHOWN = [*PAGES, *sorted({*(ROOT / "tl").rglob("*.py")} - APART)]


def said() -> Catalog:
    """Every sentence that the code marks, with the files that say it."""
    found = empty("en")
    found.add(TWO_SENTENCES, None, [("tl/languages.py", 0)])
    for path in SHOWN:
        for message in marked(path):
            found.add(message, None, [(path.relative_to(ROOT).as_posix(), 0)])
    for message in found:  # a file once, however often it says it
        message.locations = sorted(dict.fromkeys(message.locations))
    return found


def marked(path: Path) -> Iterator[str | tuple[str, str]]:
    """The sentences that a file marks, a pair where it has a form for one and one for several."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in MARKS:
            continue
        forms = node.args[: MARKS[node.func.id]]
        for form in forms:
            if isinstance(form, ast.JoinedStr | ast.BinOp):
                raise ValueError(
                    f"{path}:{node.lineno}: {node.func.id}() takes a text with {{names}}, and their values"
                )
        texts = [form.value for form in forms if isinstance(form, ast.Constant)]
        if len(texts) == MARKS[node.func.id]:
            yield texts[0] if len(texts) == 1 else (texts[0], texts[1])


def unfitting(path: Path) -> Iterator[tuple[int, str, set[str]]]:
    """Calls of `say`, `refusal` and `plural` whose values are not those that their text has {names} for: line, text, names. As far as
    the text is written in the call or in the same function before it, and the values in the call."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for node in ast.walk(tree):
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if not isinstance(node, ast.Call) or name not in ("say", "refusal", "plural"):
            continue
        given = {keyword.arg for keyword in node.keywords}
        within = [each for each in functions if each.lineno <= node.lineno <= (each.end_lineno or 0)]
        texts = [text for form in node.args[: MARKS[name]] for text in _texts_of(form, within[-1:], node.lineno)]
        implied = {"number"} if name == "plural" else set()
        wanted = [{field for _, field, _, _ in Formatter().parse(text) if field is not None} for text in texts]
        for text, fields in zip(texts, wanted, strict=True):
            if None in given:  # **values
                continue
            if wrong := (fields - given - implied) | (given - implied - set().union(*wanted)):  # type: ignore[arg-type]
                yield node.lineno, text, wrong


def _texts_of(form: ast.expr, within: list[ast.FunctionDef], line: int) -> list[str]:
    """The texts that an argument may be; none where that is not to be seen."""
    if isinstance(form, ast.Constant):
        return [form.value] if isinstance(form.value, str) else []
    if isinstance(form, ast.IfExp):
        return _texts_of(form.body, within, line) + _texts_of(form.orelse, within, line)
    if isinstance(form, ast.Call) and isinstance(form.func, ast.Name) and form.func.id == "later":
        return _texts_of(form.args[0], within, line)
    if isinstance(form, ast.Name) and within:
        stored = [
            each for each in ast.walk(within[0]) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        ]
        last = max((each.lineno for each in stored if each.id == form.id and each.lineno < line), default=0)
        assigned = [each for each in ast.walk(within[0]) if isinstance(each, ast.Assign) and each.lineno == last]
        return _texts_of(assigned[0].value, [], line) if assigned else []
    return []


def empty(code: str) -> Catalog:
    """A catalogue without sentences."""
    header = f"# What TL Lab says, in the language {code!r}: python -m tests.catalogue keeps it as the code has it."
    return Catalog(locale=code, project="TL Lab", header_comment=header, fuzzy=False)


def po(code: str) -> Path:
    return LOCALE / code / "LC_MESSAGES" / "tl.po"


def read(code: str) -> Catalog:
    """The catalogue of a language as it is kept."""
    with open(po(code), "rb") as file:
        return pofile.read_po(file, locale=code)


def compiled(catalogue: Catalog) -> bytes:
    """The bytes of its .mo file."""
    content = io.BytesIO()
    mofile.write_mo(content, catalogue)
    return content.getvalue()


def update(code: str) -> Catalog:
    """Rewrite a language's catalogue: sentences as the code has them now, translations as far as there are any."""
    known = read(code) if po(code).exists() else empty(code)
    now = said()
    now.locale, now.header_comment = known.locale, empty(code).header_comment
    for message in now:
        before = known.get(message.id, message.context)
        if message.id and before:
            message.string = before.string
    now.revision_date = now.creation_date = known.creation_date
    _write(code, now)
    return now


def _not_shown(tree: ast.AST) -> set[ast.AST]:
    """What holds words that are marked, or that nobody reads: docstrings, what asserts say, logs, SQL, patterns."""
    skip: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in MARKS:
                skip |= {
                    inner for argument in node.args for inner in ast.walk(argument) if isinstance(inner, ast.Constant)
                }
            elif (isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "log") or name in (
                "compile",
                "execute",
                "executemany",
                "executescript",
                "getLogger",
                "number_of",  # whose nouns are marked in their table
            ):
                skip |= {*ast.walk(node)}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skip.add(node.value)
        elif isinstance(node, ast.Assert):
            skip |= {*ast.walk(node)}
    return skip


def unmarked(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with words that somebody may read and that no mark is on; docstrings and lines marked NOT_SHOWN aside."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    tree = ast.parse(text)
    skip = _not_shown(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part for part in node.values if isinstance(part, ast.Constant)]
            words = "".join(str(part.value) if part in parts else "{}" for part in node.values)
            shown = WORDS.search(words.replace("{}", "x")) if not (skip & {node, *parts}) else None
            skip |= {*parts}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skip:
            words, shown = node.value, WORDS.search(node.value)
        else:
            continue
        if shown and not any(NOT_SHOWN in line for line in lines[slice(*_statement(tree, node.lineno))]):
            yield node.lineno, words


def _statement(tree: ast.AST, line: int) -> tuple[int, int]:
    """The lines, counted from 0, of the shortest statement that has this line, counted from 1."""
    found = [
        (node.lineno - 1, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(found, key=lambda lines: lines[1] - lines[0])


def missing(code: str, paths: list[Path]) -> Catalog:
    """What the files under `paths` say that the catalogue of a language does not have."""
    known, found = read(code), empty(code)
    for message in said():
        if not message.id or not any(_under(place, paths) for place, _ in message.locations):
            continue
        before = known.get(message.id)
        if before is None or not all(forms(before.string)):
            found.add(message.id, None, message.locations)
    return found


def take(code: str, paths: list[Path]) -> None:
    """Put the translations of other .po files into a language's catalogue; what it has already stays."""
    known = read(code)
    for path in paths:
        with open(path, "rb") as file:
            for message in pofile.read_po(file, locale=code):
                before = known.get(message.id) if message.id else None
                if message.id and before is None:
                    known.add(message.id, message.string)
                elif before and not all(forms(before.string)):
                    before.string = message.string
    _write(code, known)


def _write(code: str, catalogue: Catalog) -> None:
    content = io.BytesIO()
    pofile.write_po(content, catalogue, sort_output=True, include_lineno=False, width=120)
    po(code).parent.mkdir(parents=True, exist_ok=True)
    po(code).write_bytes(content.getvalue())
    po(code).with_suffix(".mo").write_bytes(compiled(read(code)))


def _under(place: str, paths: list[Path]) -> bool:
    return any((ROOT / place).is_relative_to(path.resolve()) for path in paths)


def main(arguments: list[str]) -> None:
    command, *names = arguments or ["update"]
    paths = [Path(name) for name in names] or SHOWN
    if command == "unmarked":
        files = [
            file
            for one in paths
            for file in (sorted(one.rglob("*.py")) if one.is_dir() else [one])
            if file.resolve() not in APART
        ]
        found = [(path, line, words) for path in files for line, words in unmarked(path)]
        print("\n".join(f"{path}:{line}: {words!r}" for path, line, words in found))
        print(f"{len(found)} not marked")
        return
    for code in LANGUAGES.keys() - {ENGLISH}:
        if command == "missing":
            pofile.write_po(sys.stdout.buffer, missing(code, paths), sort_output=True, include_lineno=False, width=120)
            continue
        if command == "take":
            take(code, paths)
        now = update(code)
        lacking = [message for message in now if message.id and not all(forms(message.string))]
        print(f"{po(code)}: {len(now)} sentences, {len(lacking)} not translated")


def forms(string: object) -> tuple[str, ...]:
    """The forms of a message or its translation, one where it has no number."""
    return string if isinstance(string, tuple) else (string,)


if __name__ == "__main__":
    main(sys.argv[1:])
