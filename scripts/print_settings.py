"""Prints the settings of the service as docs/settings.md shows them: `python -m scripts.print_settings`."""

from service.settings import settings_table


def main() -> None:
    """Prints the table."""
    print(settings_table())


if __name__ == "__main__":
    main()
