"""JSON API, version 1: one module for each topic, put together in `api.v1.routes`."""
