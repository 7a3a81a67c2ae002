"""`python -m hamaproto` is the `hamaproto` command."""

from hamaproto.cli import main

if __name__ == "__main__":
    main()
