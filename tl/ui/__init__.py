"""Streamlit pieces that the pages share. Reads the files of runs, starts nothing but through tl.jobs, never torch."""
