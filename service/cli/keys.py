"""`echoscribe keys`: makes, lists and revokes API keys. A running service takes changes up by itself."""

from typing import Annotated, cast

import typer
from rich.table import Table

from service.access.audit import AuditLog, broken_links, is_cut_at_its_end
from service.access.caller import DEFAULT_TENANT, SCOPES, Scope
from service.access.key_file import add_key, read_keys, revoke_key
from service.cli.output import examples, print_table
from service.cli.output import stderr as _errors
from service.errors import InvalidField
from service.settings import Settings

app = typer.Typer(no_args_is_help=True, help="API keys. With the first one, every call to the service needs a key.")
_CHOICES = ", ".join(SCOPES)


@app.command(epilog=examples("echoscribe keys add --tenant lab-a --scope submit --scope read --label pacs-gateway"))
def add(
    *,
    tenant: Annotated[str, typer.Option(help="Whose studies it reaches; other tenants' are unknown to it.")] = (
        DEFAULT_TENANT
    ),
    scope: Annotated[list[str], typer.Option(help=f"{_CHOICES}; may come several times.")] = ["submit", "read"],  # noqa: B006 - typer reads it and nobody changes it
    label: Annotated[str, typer.Option(help="Which system holds it; shown by `keys list`, nowhere else.")] = "",
) -> None:
    """Make a key and print it once; only its hash is kept."""
    settings = Settings()
    key, text = add_key(settings.keys_file, tenant, _scopes(scope), label)
    _noted(settings, "keys add", key.tenant, key.id)
    _errors.print(f"Key {key.id} of tenant {key.tenant}, in {settings.keys_file}. It is not shown again:", markup=False)
    typer.echo(text)


@app.command("list")
def show() -> None:
    """List the keys: never their secrets."""
    table = Table("id", "tenant", "scopes", "label", "created", "revoked")
    for key in read_keys(Settings().keys_file):
        revoked = f"{key.revoked:%Y-%m-%d %H:%M}" if key.revoked else ""
        created = f"{key.created:%Y-%m-%d %H:%M}"
        table.add_row(key.id, key.tenant, " ".join(key.scopes), key.label, created, revoked)
    print_table(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")]) -> None:
    """Revoke a key: the next call with it is refused."""
    settings = Settings()
    key = revoke_key(settings.keys_file, key_id)
    _noted(settings, "keys revoke", key.tenant, key.id)
    typer.echo(f"revoked {key.id}")


@app.command()
def audit() -> None:
    """Check that each line of the audit log follows the one before and the last is there; exit status 1 where not."""
    path = Settings().audit_file
    faults = [f"line {number} does not follow the line before it" for number in broken_links(path)]
    if is_cut_at_its_end(path):
        faults.append(f"the last line that was written is missing: the file was cut or replaced ({path.name}.end)")
    for fault in faults:
        typer.echo(f"FAIL {path}: {fault}")
    if faults:
        raise typer.Exit(1)
    typer.echo(f"ok   {path}: each line follows the one before it, and the last one is there")


def _scopes(given: list[str]) -> tuple[Scope, ...]:
    for scope in given:
        if scope not in SCOPES:
            raise InvalidField(f"scope: {scope!r} is none of {_CHOICES}", field="scope")
    return tuple(cast("list[Scope]", given))


def _noted(settings: Settings, action: str, tenant: str, key_id: str) -> None:
    AuditLog(settings.audit_file).note(action, key_id=None, tenant=tenant, about=key_id)
