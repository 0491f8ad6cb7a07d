"""``python -m fireinvest``: the commands."""

from fireinvest.cli import main

if __name__ == "__main__":
    main()
