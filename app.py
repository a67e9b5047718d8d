"""Compare: choose, start, watch, verdict. `streamlit run app.py`"""

import streamlit as st

if __name__ == "__main__":  # Streamlit runs the page for a visitor
    from tl.languages import later
    from tl.ui.parts import header
    from tl.ui.parts.render_slot import render_slot

    with header.begin(later("Compare")):
        home = header.home()
        experiment_id = st.query_params.get("experiment")
        if experiment_id is None:
            header.introduce()
            from tl.ui.compose import form  # after the first words are on their way to the browser

            with render_slot():
                form.show(home)
        else:
            from tl.ui.watch import experiment_page

            experiment_page.show(home, experiment_id)
else:  # the server that does so imports it once
    from tl.hosted import server

    app = st.App(__file__, middleware=server.middleware(), lifespan=server.lifespan)
