"""Passes for the wallets of phones: the files and links that Apple's and Google's applications take."""
