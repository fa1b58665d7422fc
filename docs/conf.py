"""How the documentation is built."""

import logging
import sys
from pathlib import Path

from sphinx.application import Sphinx

from starledger import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

# The theme's styles turn on every library's messages.
logging.getLogger("alembic").setLevel(logging.WARNING)

project = "Starledger"
author = "The Starledger developers"
copyright = author
release = version = __version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
exclude_patterns = ["_build"]
default_role = "py:obj"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_generate_overwrite = True
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
numpydoc_show_class_members = False
numpydoc_validation_checks = {"PR02", "PR03", "PR10", "GL07"}

templates_path = ["_templates"]
html_theme = "furo"
html_title = f"Starledger {release}"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False


def setup(app: Sphinx) -> None:
    """Have the pages that are made from the code written before Sphinx looks for pages."""
    from reference_pages import write_pages

    app.connect("builder-inited", lambda _app: write_pages(HERE / "reference" / "generated"))
