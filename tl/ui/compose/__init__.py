"""What a person does before anything trains: pieces of the form."""
