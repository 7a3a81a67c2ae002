"""Names of parts: what a template makes, and what it finds again."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import click
import pytest

from hamaproto.cli.recording.naming import Template

NOON = datetime(2024, 2, 29, 12, 30, 5)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{time}.mkv", "2024-02-29_12-30-05.mkv"),
        ("{time:%H:%M}_{n}.mkv", "12:30_7.mkv"),
        ("{camera}/{n:04}.mkv", "10.0.0.9/0007.mkv"),
        ("{n:3d}.mkv", "  7.mkv"),
        ("{time:%Y/%m/%d}/{time:%H}.mkv", "2024/02/29/12.mkv"),
        ("12:30:05.mkv", "12:30:05.mkv"),
        ("100%d {x} {} {n:x} {{.mkv", "100%d {x} {} {n:x} {{.mkv"),
        ("{time:}.mkv", "{time:}.mkv"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert Template(text, "10.0.0.9").name(7, NOON) == name


def test_a_name_gets_a_number_if_nothing_in_it_varies() -> None:
    assert Template("a.b/c.mkv").numbered().text == "a.b/c-{n:04}.mkv"
    assert Template("{camera}.mkv", "x").numbered().text == "{camera}-{n:04}.mkv"
    for text in ("{n}.mkv", "{time}.mkv"):
        assert Template(text).numbered().text == text


@pytest.mark.parametrize("text", ["{time:x\0y}", "{time:%H%}", "{time:/}", "{time:%-H}"])
def test_a_time_that_can_not_be_read_back_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="time"):
        Template(text)


TEMPLATES = [
    "{time}.mkv",
    "cam {n}.mkv",
    "{camera}_{time:%d.%m.%Y %H-%M-%S}.mkv",
    "{time:%Y/%m}/{time:%d}_{n:03}.mkv",
    "sub/{camera}/{n}.mkv",
    "{time:%j %H%M%S%f}.jpg",
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_finds_what_it_has_named_and_nothing_else(text: str) -> None:
    template = Template(text, "10.0.0.9")
    os.makedirs("sub/10.0.0.9")
    made = set()
    for number in range(1, 4):
        name = template.name(number, NOON + timedelta(days=number, seconds=number))
        template.make_folders(name)
        Path(name).touch()
        made.add(name)
    others = [
        "notes.txt",
        "holiday.mkv",
        "2024-13-01_12-30-05.mkv",
        "2024-03-01_12-30-05.mkv.bak",
        "x2024-03-01_12-30-05.mkv",
        "cam 1.mkv.part",
        "cam x.mkv",
        "sub/10.0.0.8",
        "sub/10.0.0.9/1.avi",
        "10.0.0.8_01.03.2024 12-30-05.mkv",
    ]
    for name in others:
        if name not in made:
            Path(name).touch()
    os.symlink("holiday.mkv", "cam 99.mkv")
    os.mkdir("cam 98.mkv")
    assert set(template.find()) == made
    if template.is_numbered:
        assert template.next_number() == 4


def test_folders_of_the_users_are_not_made() -> None:
    template = Template("none/{time:%Y}/{n}.mkv")
    with pytest.raises(FileNotFoundError):
        template.check_folder()
    template.make_folders(template.name(1, NOON))
    assert os.listdir() == []
