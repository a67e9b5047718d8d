"""From what people bring to a data set: archives checked and decoded, their layouts read, data sets made."""
