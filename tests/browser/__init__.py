"""The apps in a real Chromium, served by the real server."""
