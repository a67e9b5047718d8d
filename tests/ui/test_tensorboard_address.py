"""The frame takes the name the page was opened by, so that browser and TensorBoard speak of one site."""

import pytest

from tl.ui.manage.tensorboard import beside

URL = "http://127.0.0.1:6123/"


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("http://localhost:8501/Runs", "http://localhost:6123/"),
        ("http://127.0.0.1:8501/Runs", URL),
        ("http://lab.localhost:8501/", "http://lab.localhost:6123/"),
        (None, URL),
        ("http://192.168.1.5:8501/", None),
        ("https://lab.example/", None),
        ("http://[::1]:8501/", None),
        ("http://localhost.example/", None),
    ],
)
def test_a_page_of_this_machine_shows_it_under_its_own_name_and_no_other_does(page, shown):
    assert beside(URL, page) == shown
