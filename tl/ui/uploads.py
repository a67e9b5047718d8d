"""Memory of uploads: Streamlit keeps every file that was uploaded, whole, until its tab is closed."""

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


def forget(file) -> None:
    """Give back the memory of what `st.file_uploader` returned and is not needed again."""
    context = get_script_run_ctx()
    context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def held_bytes() -> int:
    """Bytes of all visitors' uploads in memory."""
    found = runtime.get_instance().uploaded_file_mgr.get_stats()
    return sum(entry.byte_length for entries in found.values() for entry in entries)
