"""The command line, one file per topic: `add_commands` declares its commands, each with the function that runs it."""
