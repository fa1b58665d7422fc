"""`starledger demo`: from nothing to a published release, with simulated stars."""

from __future__ import annotations

from dataclasses import asdict

import click

from starledger.schema.console import json_option, note, report, report_rows, say, settings_of


@click.command()
@click.option(
    "--size",
    type=click.Choice(["small", "medium", "large"]),
    default="small",
    show_default=True,
    help="How many stars: 1,200, 6,000 or 30,000.",
)
@click.option(
    "--quality",
    type=click.Choice(["clean", "realistic"]),
    default="realistic",
    show_default=True,
    help="Of the simulated spectra and catalogs; see `starledger simulate`.",
)
@click.option("--keep", is_flag=True, help="Keep the simulated spectra, too.")
@click.option("--clean", is_flag=True, help="Remove what an earlier demo left, and do no more.")
@json_option
@click.pass_context
def demo(
    context: click.Context, size: str, quality: str, *, keep: bool, clean: bool, as_json: bool
) -> None:
    """Go the whole way once, from simulated spectra to a published release and its files.

    All of it lies in the folder demo of your home folder, with an embedded database of its own:
    your ledger is not touched. Each stage shows the commands that it runs. Interrupted, it goes on
    where it stopped when it is run again.
    """
    from starledger.catalog.demo.report import HEADS, cells_of
    from starledger.catalog.demo.running import clear, run

    folder = settings_of(context).settings.home / "demo"
    if clean:
        report({"removed": str(folder) if clear(folder) else None}, as_json=as_json)
        return
    root = context.find_root().command
    ended = run(root, folder, size=size, quality=quality, keep=keep, tell=note)
    if as_json:
        report(asdict(ended), as_json=True)
        return
    for title, answer in ended.answers.items():
        say(f"{title}\n{answer}")
    for compared in ended.tables:
        rows = [cells_of(row) for row in compared.rows]
        report_rows(HEADS[: len(rows[0])], rows, as_json=False, title=compared.title)
    say(f"Done in {ended.seconds:.0f} s. Look at {ended.report}, and ask for yourself:")
    ours = f"starledger --home {folder}"
    for words in ("status", "query 'SELECT TOP 3 * FROM star'", "why STAR"):
        say(f"  {ours} {words}")
