"""A venue's hub: the same application on a machine of the venue, for all its gates, without the internet."""
