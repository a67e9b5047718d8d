"""The SQLite file of the queue: its schema, rows, everybody's rows, damage."""
