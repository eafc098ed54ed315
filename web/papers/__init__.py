"""Papers: PDF documents with the city's name and colours, readable by screen readers and for ever."""
