"""DataFrame -> altair.Chart: pure functions, no streamlit, nothing read from disk.

A chart's specification depends on the arms and the chosen axis only; while runs learn just its rows change, so that
the browser keeps the view and nothing flickers. altair and pandas are imported when a chart is drawn, not before.
"""
