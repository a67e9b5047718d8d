"""From numbers to findings: what a comparison showed, how sure it is, what one will cost. No torch, no streamlit."""
