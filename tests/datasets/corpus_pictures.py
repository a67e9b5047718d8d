"""Contents and layouts: what a decoder reads, what is no picture, what makes no classes."""

from importlib.util import find_spec

import numpy as np
from corpus import GOOD, LEFT_OUT, Case, accepted, left_out, of, refused
from corpus_bombs import gif_frames, saved
from crafted import picture, pictures, two_classes
from PIL import Image

if find_spec("pillow_heif"):
    import pillow_heif

    pillow_heif.register_heif_opener(decode_threads=1)
OTHER = "format not read (convert it to JPEG or PNG)"
READ = {
    "JPEG": picture(1, (40, 40), "JPEG"),
    "progressive JPEG": picture(2, (40, 40), "JPEG", progressive=True),
    "CMYK JPEG": picture(3, (40, 40), "JPEG", "CMYK"),
    "WebP": picture(4, (40, 40), "WEBP"),
    "BMP": picture(5, (40, 40), "BMP"),
    "GIF": picture(6, (40, 40), "GIF"),
    "animated GIF": gif_frames(3),
    "TIFF": picture(7, (40, 40), "TIFF"),
    "packed TIFF": picture(8, (40, 40), "TIFF", compression="tiff_lzw"),
    "16 bit": saved(Image.fromarray(np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40), "PNG"),
    "palette with transparency": picture(9, (40, 40), "PNG", "P", transparency=0),
    "grey with alpha": picture(10, (40, 40), "PNG", "LA"),
    "PGM": picture(14, (40, 40), "PPM", "L"),
    "PPM": picture(15, (40, 40), "PPM"),
    "AVIF": picture(16, (40, 40), "AVIF"),
    "JPEG cut short": picture(17, (64, 64), "JPEG")[:-60],
    "one bit": picture(11, (40, 40), "PNG", "1"),
    "damaged EXIF": picture(12, (40, 40), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"),
    "bytes behind the end": picture(13, (40, 40), "JPEG") + b"<?php" + bytes(1000),
}
if find_spec("pillow_heif"):
    READ["HEIC"] = picture(18, (64, 64), "HEIF")
NO_PICTURE = {
    "text": b"hello",
    "web page": b"<html><img src=x></html>",
    "program": b"MZ" + bytes(200),
    "Linux program": b"\x7fELF" + bytes(200),
    "nothing": b"",
    "one byte": b"\xff",
    "nulls": bytes(1000),
    "a letter and a number": b"P6: see page 40\n" + bytes(4800),
    "pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0",
    "sound in a RIFF": b"RIFF\x24\0\0\0WAVEfmt " + bytes(50),
}
CONVERT = {
    "a camera's raw file": b"\0\0\0\x18ftypcrx " + bytes(50),
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "SVG with a declaration": b'<?xml version="1.0"?><!DOCTYPE svg><svg/>',
    "Photoshop": b"8BPS\0\1" + bytes(50),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "PDF": b"%PDF-1.7\n",
    "JPEG XL": b"\xff\x0a" + bytes(50),
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(50),
    "FITS": b"SIMPLE  =                    T" + bytes(50),
}
PNG, JPEG = picture(20, (64, 64)), picture(21, (64, 64), "JPEG")
BROKEN = {
    "JPEG cut in half": JPEG[: len(JPEG) // 2],
    "JPEG's first bytes": JPEG[:4],
    "PNG cut in half": PNG[: len(PNG) // 2],
    "PNG with a hole": PNG[:900] + bytes(40) + PNG[940:],
    "GIF's first bytes": b"GIF89a",
    "TIFF whose directory is nowhere": b"II*\0\xff\xff\xff\x7f",
    "TIFF whose directory points to itself": b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
    "WebP cut off": picture(22, (64, 64), "WEBP")[:60],
    "AVIF's first bytes": b"\0\0\0\x18ftypavif" + bytes(50),
    "BMP without pixels": picture(23, (64, 64), "BMP")[:60],
    "not a number": saved(Image.fromarray(np.full((40, 40), np.nan, np.float32)), "TIFF"),
}
SMALL = {"1 x 1": picture(1, (1, 1), "GIF"), "200 x 7": picture(2, (200, 7))}
NO_CLASSES = {
    "pictures in no folders": ({f"{number}.png": picture(number) for number in range(6)}, "not in class folders"),
    "train and test of loose pictures": (
        pictures("dogs/train") | pictures("dogs/test"),
        "'test' and 'train' hold pictures, but no",
    ),
    "one class": (pictures("rose"), "only one class folder, 'rose'"),
    "one class in wrapping folders": (pictures("a/b/rose"), "only one class folder, 'rose'"),
    "one class and an empty folder": (pictures("rose") | {"tulip/": b""}, "only one class folder, 'rose'"),
    "nothing but junk": ({"__MACOSX/a/._x.png": b"x", ".DS_Store": b"x"}, "holds no pictures"),
    "nothing but folders": ({"rose/": b"", "tulip/": b""}, "holds no pictures"),
    "nothing but text": (
        {"a/x.txt": b"hello", "b/y.jpg": b"<html>"},
        r"None of the 2 files is a readable picture \(1 TXT file, 1 JPG file: not a picture\); JPEG",
    ),
    "office document": ({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}, "None of the 2 files"),
    "two pictures of a class": (
        pictures("rose", 2) | pictures("tulip"),
        "'rose' has only 2 different readable pictures",
    ),
    "nine copies of one picture": (
        {f"rose/{n}.png": picture() for n in range(9)} | pictures("tulip"),
        "'rose' has only 1 readable picture",
    ),
    "nine files of the same pixels": (
        {f"rose/{n}.png": picture(0, compress_level=n) for n in range(9)} | pictures("tulip"),
        "'rose' has only 1 readable picture",
    ),
    "one picture to train on": (
        two_classes("train/", 1) | two_classes("test/"),
        "2 of 2 classes have too few different readable pictures for training: 'rose' .1., 'tulip' .1.",
    ),
}


NOT_ALIKE = {  # splits that don't fit -> what is left out
    "other classes in val": (
        two_classes("train/") | pictures("val/rose") | pictures("val/lily"),
        {"of a class without training pictures": 3},
    ),
    "fewer classes in val": (two_classes("train/") | pictures("val/rose"), {}),
    "val and test, no train": (two_classes("val/") | two_classes("test/", 2), {}),
    "two folders for training": (two_classes("train/") | two_classes("training/") | two_classes("val/"), {}),
}


def third(data: bytes) -> dict[str, bytes]:
    """One picture of a kind in a class of ordinary ones."""
    return GOOD | {"rose/odd.dat": data}


CASES = [
    *(accepted(f"picture: {what}", of(third(data))) for what, data in READ.items()),
    left_out("no pictures at all", {f"rose/{what}.jpg": data for what, data in NO_PICTURE.items()}, "not a picture"),
    *(left_out(f"other format: {what}", {"rose/x.jpg": data}, OTHER) for what, data in CONVERT.items()),
    *(left_out(f"broken: {what}", {"rose/x.png": data}, "unreadable") for what, data in BROKEN.items()),
    left_out("broken: HEIC's first bytes", {"rose/x.heic": b"\0\0\0\x18ftypheic" + bytes(50)}, "HEIC picture that can't be read (export it as JPEG)"),
    left_out("too small", {f"rose/{what}.png": data for what, data in SMALL.items()}, "too small"),
    left_out("loose pictures beside the classes", {"a.png": picture(1), "b.png": picture(2)}, "not in a class folder"),
    left_out("an empty folder", {"lily/": b""}, "folder without a picture"),
    Case("a folder of labels", of(GOOD | {"labels/1.txt": b"1 2 3"}), LEFT_OUT, {
        "not a picture": 1, "folder without a picture": 1}),
    *(Case(what, of(files), LEFT_OUT, left) for what, (files, left) in NOT_ALIKE.items()),
    *(refused(what, of(files), sentence) for what, (files, sentence) in NO_CLASSES.items()),
]  # fmt: skip
