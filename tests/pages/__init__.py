"""The pages, called in process."""
