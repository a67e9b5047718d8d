"""Memory of uploads: Streamlit keeps every file that was uploaded, whole, until its tab is closed."""

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

NOT_KEPT = "The file was not kept; add it anew to try again."


def forget(file) -> None:
    """Give back the memory of what `st.file_uploader` returned and is not needed again.

    It gives None from the next run on, though the browser still shows the file's name.
    """
    context = get_script_run_ctx()
    context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def held_bytes() -> dict[str, int]:
    """Bytes of uploads in memory, by Streamlit session."""
    stored = runtime.get_instance().uploaded_file_mgr.file_storage
    # Lists, because pages put in and take out meanwhile.
    return {session: sum(len(file.data) for file in list(files.values())) for session, files in list(stored.items())}
