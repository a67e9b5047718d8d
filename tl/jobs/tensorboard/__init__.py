"""TensorBoard for the runs of a home: its process, the links it watches, and all event files as one zip."""
