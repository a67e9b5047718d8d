"""Names as people write them: of folders, of classes, of what systems leave behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl.datasets.class_names import label, natural
from tl.datasets.intake.layouts.vocabulary import split_of
from tl.decoding.heads import is_junk

SPELLINGS = {
    "train": "train Train TRAINING train_set seg_train train-images Training+Data trainset TrainData Train_Data trainval "
    "X-training-set 训练集 訓練データ 学習用 Trainingsdaten entrenamiento Entraînement apprentissage treino 훈련 обучающая",
    "validation": "val valid Validation dev val_images VALID validation-X eval evaluation ValidationSet 验证集 検証 "
    "Validierung validación validação 검증 val2017 Validierungsdaten",
    "test": "test Testing test_set seg_test TEST-images test1 X-test-set TestData holdout hold-out 测试集 テスト Testdaten "
    "prueba pruebas teste essai 테스트 тест",
    None: "training_test trainer value attest rose  strain protest contest devil Valentine latest+rose 猫 Evalina",
}


@pytest.mark.parametrize(
    ("split", "folder"), [(split, name) for split, names in SPELLINGS.items() for name in names.split(" ")]
)
def test_folder_names_tell_the_split(split, folder):
    assert split_of(folder.replace("+", " ")) == split


@pytest.mark.parametrize(
    "name", ["__MACOSX/a/b.jpg", "a/._b.jpg", ".DS_Store", "a/Thumbs.db", "a/DESKTOP.INI", ".git/x", "a/.cache/b.jpg"]
)
def test_what_systems_leave_behind_is_junk(name):
    assert is_junk(name)


@pytest.mark.parametrize("name", ["a/b.jpg", "thumbs/1.jpg", "a/thumbs.db.jpg", "MACOSX/1.jpg", "./a/1.jpg"])
def test_what_people_made_is_not(name):
    assert not is_junk(name)


@given(st.text(max_size=200))
def test_labels_can_be_shown(text):
    shown = label(text)
    assert 1 <= len(shown) <= 80
    assert shown.isprintable()
    assert label(shown) == shown


@given(st.lists(st.text()))
def test_any_texts_can_be_sorted(texts):
    assert sorted(texts, key=natural) == sorted(reversed(texts), key=natural)
