"""Words by which people name folders, files and columns, in the languages they use: data, and the questions asked of it."""

import re
import unicodedata
from functools import lru_cache


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# split -> what a folder for it is called: one word of its name, without accents.
SPLIT_WORDS = {
    "train": (
        "train training trainings trains trainval trn entrenamiento entreno entrenar entrainement apprentissage treino "  # not shown
        "treinamento addestramento allenamento treningowy uczenie egitim обучение обучающая тренировка тренировочная"
    ),
    "validation": (
        "val vals valid validation validate validating dev eval evaluation evaluate evaluating validierung validierungs "  # not shown
        "validacion evaluacion validacao validazione walidacja dogrulama валидация валидационная проверка проверочная"
    ),
    "test": (
        "test tests testing holdout heldout prueba pruebas ensayo teste testes essai epreuve prova testowy тест "  # not shown
        "тестовая тестовый тестирование"
    ),
}
WORDS = {word: split for split, words in SPLIT_WORDS.items() for word in words.split()}
# Scripts without spaces between words: any part of the name.
SPLIT_SIGNS = {
    "train": ("训练", "訓練", "学习", "學習", "学習", "トレーニング", "훈련", "학습"),
    "validation": ("验证", "驗證", "評価", "评估", "評估", "検証", "검증", "평가"),
    "test": ("测试", "測試", "テスト", "试验", "試験", "테스트", "시험"),
}
ENDINGS = _set(
    "sets set datasets dataset data daten datensatz satz images image imgs img pictures picture bilder fotos photos files "  # not shown
    "file folder dir samples split menge"
)
AS_TEST = ("eval", "evaluat", "evaluac")  # beside a folder for validation these mean the test
FOLD = re.compile(
    r"(?:[kc]v?[\W_]*fold|k?fold|cv|split|faltung|pli|pliegue|折)[\W_]*\d+|第?\d+折|\d+(?:st|nd|rd|th)?[\W_]?fold", re.I
)
PART = re.compile(
    r"(?:parts?|batch|chunk|pieces?|section|folder|dir|disk|vol(?:ume)?|zip|archive|images?|imgs?|pictures?|data|set|teil|"
    r"parte|partie)[\W_]*\d+",
    re.I,
)
# What holds classes or is no class at all, wherever every word of the name is one of these.
CONTAINERS = (
    _set(
        "images image imgs img pictures picture pics photos data dataset datasets raw original originals resized cropped crops "  # not shown
        "processed preprocessed all full jpg jpeg jpegs png pngs bilder bild fotos foto daten datensatz imagenes imagen immagini "
        "final main files folder set collection gallery px small large the of and for"
    )
    | {"图片", "图像", "数据", "数据集", "画像", "写真", "データ", "이미지"}
)
CLUTTER = _set(
    "doc docs documentation asset assets static media figure figures fig figs screenshot screenshots shots icon icons logo "  # not shown
    "logos result results output outputs plots notebooks src source app examples example samples sample demo readme thumbs "
    "thumbnails mask masks annotation annotations label labels unlabeled unlabelled misc tmp temp backup old"
)
DOMAINS = _set(
    "photo photograph photographs sketch sketches art painting paintings cartoon cartoons clipart quickdraw infograph real "  # not shown
    "world product amazon dslr webcam caltech synthetic syn simulated rendered render drawing drawings day night sunny rainy "
    "foggy snowy summer winter indoor outdoor camera cam phone scanner site hospital center centre clinic laboratory lab "
    "field domain target location rgb ir nir thermal grayscale greyscale gray grey color colour segmented device sensor "
    "studio mobile"
)
PREFIXES = _set(  # of file names that say nothing
    "img image imgs images dsc dscn dscf pic pics picture pict photo photos foto bild p frame frames scan screenshot file "  # not shown
    "imag sam pano vid whatsapp wp unnamed download untitled sample test train val valid isic cell tile patch"
)
LABEL_COLUMNS = _set(
    "label labels class classes classname category categories target breed species diagnosis dx kind type y tag variety "  # not shown
    "choice choices annotation klasse kategorie art etikett etiqueta categoria clase especie classe categorie espece "
    "类别 标签 类 分类 ラベル クラス カテゴリ 라벨 클래스 класс метка категория"
)
SPLIT_COLUMNS = _set("split set subset partition phase usage datasplit part aufteilung conjunto")  # not shown
NO_LABELS = _set(  # columns that look like classes and rarely are
    "sex gender age localization site patient source lang language annotator annotation_id width height fold date year "  # not shown
    "month day user username license rater confidence quality"
)

PICTURES = _set(  # endings of files that are pictures, whether they can be read here or not
    "JPG JPEG JPE JFIF PNG WEBP BMP GIF TIF TIFF HEIC HEIF AVIF JXL JP2 PGM PPM PBM PNM SVG PSD RAW DNG CR2 CR3 NEF ARW ORF "
    "RW2 RAF DCM FITS EPS"
)


def words_of(name: str) -> list[str]:
    """'TrainData', 'Entraînement-1' -> ['train', 'data'], ['entrainement']: lower case, without accents and digits."""
    parted = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])", " ", unicodedata.normalize("NFC", name))
    plain = "".join(c for c in unicodedata.normalize("NFKD", parted) if not unicodedata.combining(c))
    return [word for word in re.split(r"[\W\d_]+", plain.casefold()) if word]


@lru_cache(maxsize=10_000)  # the same folders hold many pictures
def split_of(folder: str) -> str | None:
    """The split a folder's name means ('TrainData', 'val_images', 'X-test-set', '训练集'), if it means one."""
    joined = re.sub(r"(?i)(hold|held)[\s_-]out", r"\1out", folder)
    found = {split for word in words_of(joined) if (split := _split_of_word(word))}
    signs = unicodedata.normalize("NFC", folder)
    found |= {split for split, texts in SPLIT_SIGNS.items() if any(text in signs for text in texts)}
    return found.pop() if len(found) == 1 else None


def _split_of_word(word: str) -> str | None:
    if word in WORDS:
        return WORDS[word]
    bases = (word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending))
    return next((WORDS[base] for base in bases if base in WORDS), None)


def means_test(folder: str) -> bool:
    """Whether a folder that would be for validation is the test where another is for validation ('eval')."""
    return any(word.startswith(AS_TEST) for word in words_of(folder))


def is_fold(folder: str) -> bool:
    """'fold_0', '5th-fold'."""
    return FOLD.fullmatch(folder.strip()) is not None


def is_part(folder: str) -> bool:
    """'part_1', 'batch2', 'images_001': a piece of something larger."""
    return PART.fullmatch(folder.strip()) is not None


def is_container(folder: str) -> bool:
    """'images', 'dataset-resized': it holds what is meant."""
    return _made_of(folder, CONTAINERS) or is_part(folder)


def is_clutter(folder: str) -> bool:
    """'docs', 'screenshots': pictures in it are not what is meant."""
    return _made_of(folder, CLUTTER)


def is_domain(folder: str) -> bool:
    """'sketch', 'hospital_2': where pictures come from, not what they show."""
    return any(word in DOMAINS for word in words_of(folder))


def is_number(folder: str) -> bool:
    """'00132', '2019-06', a hexadecimal id: a name that counts, not one that tells."""
    kept = re.sub(r"[\W_]", "", folder)
    digits = sum(letter.isdigit() for letter in kept)
    return bool(kept) and digits >= 2 and digits >= len(kept) / 2


def is_label_column(column: str) -> bool:
    """'label', 'dx', 'breed'."""
    return column.strip().casefold() in LABEL_COLUMNS or any(word in LABEL_COLUMNS for word in words_of(column))


def _made_of(folder: str, words: frozenset[str]) -> bool:
    found = words_of(folder)
    return bool(found) and all(word in words for word in found)
