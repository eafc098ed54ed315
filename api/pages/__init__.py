"""HTML pages: one module for each topic, put together in `api.pages.routes`."""
