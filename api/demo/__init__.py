"""The demo city: Duisburg as one would recognise it, made by the same use cases as production."""
