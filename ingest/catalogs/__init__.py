"""How catalogs come in: declared layouts, readers of tables, and the loading of their rows."""
