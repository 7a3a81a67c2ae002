"""`hamaproto help`: what is longer than a --help, as Markdown files in `topics/`.

The files are the documentation: the README links to them, and the tests run their commands.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

import click

from hamaproto.cli.plain import on_terminal, print_line, print_markdown

__all__ = ["help_", "text_of_topic", "titles"]


def _folder() -> Traversable:
    return files("hamaproto.cli") / "topics"


def titles() -> dict[str, str]:
    """Each topic by its name, with its first heading."""
    found = sorted(file.name for file in _folder().iterdir() if file.name.endswith(".md"))
    names = [name.removesuffix(".md") for name in found]
    return {name: text_of_topic(name).partition("\n")[0].lstrip("# ") for name in names}


def text_of_topic(name: str) -> str:
    """The Markdown of a topic."""
    return (_folder() / f"{name}.md").read_text(encoding="utf-8")


@click.command("help")
@click.argument("words", metavar="[TOPIC]", nargs=-1)
@click.pass_context
def help_(context: click.Context, words: tuple[str, ...]) -> None:
    """Explain TOPIC, or a command; without one, list the topics."""
    known = titles()
    topic = " ".join(words)
    if not topic:
        width = max(map(len, known))
        for name, title in known.items():
            print_line(f"{name:<{width}}  {title}")
        return
    if topic in known:
        text = text_of_topic(topic)
        if on_terminal():
            print_markdown(text)
        else:
            print_line(text.rstrip("\n"))
        return
    inside = context.find_root()
    for word in words:
        group = inside.command
        command = group.get_command(inside, word) if isinstance(group, click.Group) else None
        if command is None:
            raise click.UsageError(f"no topic {topic!r}; there are {', '.join(known)}")
        inside = click.Context(command, info_name=word, parent=inside)
    print_line(inside.get_help())
